//! One operation: what it is for, who may ask, what is sent, and everything that can come back.

use http::StatusCode;
use lambda_support::problem::ProblemCode;
use schemars::JsonSchema;
use serde_json::Value;

use crate::parameter::Parameter;
use crate::schemas::{SchemaOf, schema_of};

/// Who may ask.
#[derive(Debug, Clone)]
pub enum Access {
    /// Anybody, without a token.
    Anybody,
    /// A token with this scope and, where any are named, one of these roles.
    Token {
        /// The scope.
        scope: &'static str,
        /// The roles; each of them suffices.
        roles: Vec<&'static str>,
    },
}

/// One way to be refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The status of the answer.
    pub status: StatusCode,
    /// The stable code.
    pub code: &'static str,
    /// The sentence of every occurrence.
    pub title: &'static str,
    /// What an occurrence may say besides.
    pub detail: Option<String>,
}

impl From<ProblemCode> for Refusal {
    fn from(code: ProblemCode) -> Self {
        Self { status: code.status(), code: code.as_str(), title: code.title(), detail: None }
    }
}

/// Another operation, with parameters from this one's answer.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its name in the document.
    pub name: &'static str,
    /// The other operation's id.
    pub operation_id: &'static str,
    /// Parameter and runtime expression.
    pub parameters: Vec<(&'static str, &'static str)>,
    /// When to follow it.
    pub description: &'static str,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) schema: SchemaOf,
    pub(crate) examples: Vec<(String, String, Value)>,
}

impl Body {
    /// Where the first field of the first example is, for examples of what does not fit.
    pub(crate) fn first_field(&self) -> Option<String> {
        let (_, _, example) = self.examples.first()?;
        example.as_object()?.keys().next().map(|name| format!("/{name}"))
    }
}

/// What comes back when it works.
#[derive(Debug, Clone)]
pub(crate) struct Success {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: Schema,
    pub(crate) examples: Vec<(&'static str, Value)>,
    pub(crate) headers: Vec<&'static str>,
    pub(crate) links: Vec<Link>,
}

/// A type of ours, or a schema in words.
#[derive(Debug, Clone)]
pub(crate) enum Schema {
    Type(SchemaOf),
    Written(Value),
}

/// One operation of an API, as callers see it.
#[derive(Debug, Clone)]
pub struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: String,
    pub(crate) access: Access,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    pub(crate) successes: Vec<Success>,
    pub(crate) refusals: Vec<Refusal>,
}

impl Operation {
    fn new(method: &'static str, path: &'static str, id: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            tag: "",
            summary: "",
            description: String::new(),
            access: Access::Anybody,
            parameters: Vec::new(),
            body: None,
            successes: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// `GET path`; the id is the name that generated clients use.
    #[must_use]
    pub fn get(path: &'static str, id: &'static str) -> Self {
        Self::new("get", path, id)
    }

    /// `POST path`.
    #[must_use]
    pub fn post(path: &'static str, id: &'static str) -> Self {
        Self::new("post", path, id)
    }

    /// What it is for: its group, one line, and the rest.
    #[must_use]
    pub fn says(
        mut self,
        (tag, summary): (&'static str, &'static str),
        description: impl Into<String>,
    ) -> Self {
        (self.tag, self.summary, self.description) = (tag, summary, description.into());
        self
    }

    /// Who may ask: a token with this scope and one of these roles.
    #[must_use]
    pub fn allows(mut self, scope: &'static str, roles: &[&'static str]) -> Self {
        self.access = Access::Token { scope, roles: roles.to_vec() };
        if !roles.is_empty() {
            self.refusals.push(ProblemCode::RoleMissing.into());
        }
        use ProblemCode as P;
        let everywhere = [
            P::TokenMissing,
            P::TokenInvalid,
            P::ScopeMissing,
            P::InternalError,
            P::SourceUnavailable,
        ];
        self.refusals.extend(everywhere.map(Refusal::from));
        self
    }

    /// A parameter, and how a wrong one is refused.
    #[must_use]
    pub fn takes(mut self, parameter: Parameter) -> Self {
        let refusal = match parameter.place() {
            "path" => Some(ProblemCode::NotFound),
            "query" => Some(ProblemCode::ParameterInvalid),
            _ => None,
        };
        self.parameters.push(parameter);
        refusal.map_or(self.clone(), |code| self.refuses([code.into()]))
    }

    /// The parameters of a list that goes on behind a cursor.
    #[must_use]
    pub fn pages(self) -> Self {
        let stale = Refusal {
            status: StatusCode::BAD_REQUEST,
            code: "CURSOR_INVALID",
            title: "The cursor is not valid here.",
            detail: Some(
                "start again without a cursor, and keep the filter while paging".to_owned(),
            ),
        };
        self.takes(Parameter::limit()).takes(Parameter::cursor()).refuses([stale])
    }

    /// A body of this type, with examples by name and sentence.
    #[must_use]
    pub fn reads<T: JsonSchema>(mut self, examples: Vec<(String, String, Value)>) -> Self {
        self.body = Some(Body { schema: schema_of::<T>(), examples });
        use ProblemCode as P;
        let codes = [
            P::BodyNotJson,
            P::BodyInvalid,
            P::FieldUnknown,
            P::BodyTooLarge,
            P::ContentTypeUnsupported,
        ];
        self.refuses(codes.map(Refusal::from))
    }

    /// Answers 200 with a document of this type.
    #[must_use]
    pub fn answers<T: JsonSchema>(
        self,
        description: &'static str,
        examples: Vec<(&'static str, Value)>,
    ) -> Self {
        let schema = Schema::Type(schema_of::<T>());
        self.answering(("application/json", schema), description, examples)
    }

    /// Answers 200 with something that is no type of ours.
    #[must_use]
    pub fn answers_with(
        self,
        (content_type, schema): (&'static str, Value),
        description: &'static str,
        example: (&'static str, Value),
    ) -> Self {
        self.answering((content_type, Schema::Written(schema)), description, vec![example])
    }

    fn answering(
        mut self,
        (content_type, schema): (&'static str, Schema),
        description: &'static str,
        examples: Vec<(&'static str, Value)>,
    ) -> Self {
        let status = StatusCode::OK;
        let (headers, links) = (Vec::new(), Vec::new());
        let success =
            Success { status, content_type, description, schema, examples, headers, links };
        self.successes.push(success);
        self
    }

    /// The answer described last is 201 and says where what it made is.
    #[must_use]
    pub fn creates(mut self) -> Self {
        let last = self.successes.last_mut().expect("an answer comes first");
        last.status = StatusCode::CREATED;
        last.headers.push("Location");
        self
    }

    /// The answer described last has a header of the document's components.
    #[must_use]
    pub fn with_header(mut self, name: &'static str) -> Self {
        self.successes.last_mut().expect("an answer comes first").headers.push(name);
        self
    }

    /// Where the answer described last leads.
    #[must_use]
    pub fn leads_to(mut self, link: Link) -> Self {
        self.successes.last_mut().expect("an answer comes first").links.push(link);
        self
    }

    /// Ways to be refused besides those that the other parts bring.
    #[must_use]
    pub fn refuses(mut self, refusals: impl IntoIterator<Item = Refusal>) -> Self {
        for refusal in refusals {
            if self.refusals.iter().all(|known| known.code != refusal.code) {
                self.refusals.push(refusal);
            }
        }
        self
    }
}
