//! The two checks of a document: its schema, then the rules that a schema cannot express.

use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use order_domain::catalogue::{Catalogue, CatalogueProblem};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

const SCHEMA: &str = include_str!("../../../catalog/schema/catalogue.schema.json");

/// A document that is a catalogue, whoever loads it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedCatalogue {
    document: Value,
    version: i32,
    catalogue: Catalogue,
}

/// Why a document is no catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidCatalogue {
    what: &'static str,
    problems: Vec<Misfit>,
}

/// One place of a document and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// JSON pointer; empty for the document itself.
    pub pointer: String,
    /// What is wrong, for whoever edits the catalogue.
    pub detail: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.detail)
    }
}

impl CheckedCatalogue {
    /// Checks a document; the schema first, because its findings name the place in the file.
    ///
    /// # Errors
    /// [`InvalidCatalogue`] with all problems of the first check that it fails.
    pub fn parse(document: Value) -> Result<Self, InvalidCatalogue> {
        check_schema(&document)?;
        let catalogue = read(&document)?;
        if let Err(problems) = catalogue.validate() {
            let place =
                |x: CatalogueProblem| Misfit { pointer: x.pointer, detail: x.kind.to_string() };
            let problems = problems.into_iter().map(place).collect();
            return Err(InvalidCatalogue::new("breaks the rules of a catalogue", problems));
        }
        let version = i32::try_from(catalogue.version);
        let version = version.map_err(|error| unreadable("/version", &error))?;
        Ok(Self { document, version, catalogue })
    }

    /// The document as it came, and what it says.
    #[must_use]
    pub fn into_parts(self) -> (Value, Catalogue) {
        (self.document, self.catalogue)
    }

    /// The document as it came.
    #[must_use]
    pub const fn document(&self) -> &Value {
        &self.document
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> i32 {
        self.version
    }

    /// How many products it has.
    #[must_use]
    pub const fn products(&self) -> usize {
        self.catalogue.products.len()
    }
}

impl InvalidCatalogue {
    const fn new(what: &'static str, problems: Vec<Misfit>) -> Self {
        Self { what, problems }
    }

    /// All problems, at least one.
    #[must_use]
    pub fn problems(&self) -> &[Misfit] {
        &self.problems
    }
}

impl fmt::Display for InvalidCatalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, problems } = self;
        write!(f, "the document {what}, problems: {}", problems.len())?;
        problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// What a document says as far as it can be read at all, valid or not.
///
/// # Errors
/// [`InvalidCatalogue`] with the first thing that cannot be read.
pub fn read(document: &Value) -> Result<Catalogue, InvalidCatalogue> {
    let read: Result<Catalogue, _> = serde_path_to_error::deserialize(document);
    read.map_err(|error| unreadable(&pointer(error.path()), error.inner()))
}

/// A path as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let token = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(token).collect()
}

fn unreadable(pointer: &str, error: &impl ToString) -> InvalidCatalogue {
    let problem = Misfit { pointer: pointer.to_owned(), detail: error.to_string() };
    InvalidCatalogue::new("cannot be read", vec![problem])
}

fn check_schema(document: &Value) -> Result<(), InvalidCatalogue> {
    let unusable = |error: String| {
        let problem = Misfit { pointer: String::new(), detail: error };
        InvalidCatalogue::new("has no usable schema", vec![problem])
    };
    let schema: Value =
        serde_json::from_str(SCHEMA).map_err(|error| unusable(error.to_string()))?;
    let validator =
        jsonschema::validator_for(&schema).map_err(|error| unusable(error.to_string()))?;
    let place = |error: ValidationError<'_>| Misfit {
        pointer: error.instance_path().to_string(),
        detail: detail_of(error.kind()),
    };
    let problems: Vec<Misfit> = validator.iter_errors(document).map(place).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(InvalidCatalogue::new("breaks the schema", problems))
    }
}

/// The keyword that is broken and, where that is not enough, which names are meant.
fn detail_of(kind: &ValidationErrorKind) -> String {
    let names = match kind {
        ValidationErrorKind::Required { property } => property.as_str().unwrap_or_default().into(),
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected.join(", "),
        ValidationErrorKind::Enum { options } => options.to_string(),
        ValidationErrorKind::Pattern { pattern } => pattern.clone(),
        _ => return kind.keyword().to_owned(),
    };
    format!("{} {names}", kind.keyword())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SAMPLE: &str = include_str!("../../../catalog/catalogue.json");

    #[test]
    fn the_catalogue_of_this_workspace_is_accepted() {
        let sample: Value = serde_json::from_str(SAMPLE).unwrap();
        let products = sample["products"].as_array().unwrap().len();

        let checked = CheckedCatalogue::parse(sample.clone()).unwrap();

        assert_eq!((checked.document(), checked.products()), (&sample, products));
    }

    #[test]
    fn a_schema_violation_names_its_json_pointer() {
        let document = json!({ "version": 1, "calendars": {}, "products": [{ "code": 7 }] });

        let refusal = CheckedCatalogue::parse(document).unwrap_err();

        let told: Vec<String> = refusal.problems().iter().map(ToString::to_string).collect();
        let expected = ["/products/0/code: type", "/products/0: required name"];
        assert!(expected.iter().all(|x| told.iter().any(|y| y == x)), "{refusal}");
    }

    #[test]
    fn what_the_schema_takes_and_nobody_can_read_names_its_json_pointer() {
        // A whole number to the schema, and none to whoever counts days.
        let step = json!({ "key": "a", "type": "WORK", "targetSystem": "CRM", "operation": "a",
            "expectedMinutes": 7.0 });
        let rule = json!({ "action": "ADD", "steps": [step] });
        let product = json!({ "code": "A", "name": "A", "rules": [rule] });
        let document = json!({ "version": 1, "products": [product] });

        let refusal = CheckedCatalogue::parse(document).unwrap_err();

        let [problem] = refusal.problems() else { panic!("{refusal}") };
        assert_eq!(problem.pointer, "/products/0/rules/0/steps/0/expectedMinutes", "{refusal}");
    }

    #[test]
    fn a_rule_that_is_broken_names_its_json_pointer() {
        let product = json!({ "code": "A", "name": "A" });
        let document = json!({ "version": 1, "calendars": {}, "products": [product, product] });

        let refusal = CheckedCatalogue::parse(document).unwrap_err();

        let told: Vec<String> = refusal.problems().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["/products/1/code: product A appears twice"], "{refusal}");
    }
}
