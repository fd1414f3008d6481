//! What the engine may be told: pointers and small decisions, never business data (§6).
//!
//! The names stand here and nowhere else. Tests of everybody who speaks to the engine hold every
//! body that was really sent against them, tests on a real engine every variable that it has.

use serde_json::{Map, Value};
use wiremock::MockServer;
use wiremock::http::Method;

/// What every process instance is started with.
pub const FIVE_POINTERS: [&str; 5] =
    ["tenantId", "orderId", "orderVersion", "correlationId", "workflowRunId"];
/// What comes to it later: plan and case by their ids, the code of a refusal for the model, and
/// the decision that its gateways read.
pub const LATER: [&str; 4] =
    ["fulfillmentPlanId", "falloutCaseId", "falloutCode", "falloutResolution"];
/// Longer than every id, code and tenant name.
const LONGEST: usize = 64;

/// One call that told the engine something.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// `start`, `complete`, `bpmnError`, `failure`, `message` or `resolve` (of a user task).
    pub call: &'static str,
    /// The body as it was sent.
    pub body: Value,
}

struct Call {
    name: &'static str,
    path: &'static str,
    /// Properties that hold variables by name.
    variables: &'static [&'static str],
    /// Properties that hold a code.
    codes: &'static [&'static str],
    /// The rest: whom the call is about, and texts for the operator that no process reads.
    others: &'static [&'static str],
}

const CALLS: [Call; 6] = [
    Call {
        name: "start",
        path: "process-definition/key/*/start",
        variables: &["variables"],
        codes: &[],
        others: &["businessKey", "startInstructions"],
    },
    Call {
        name: "complete",
        path: "external-task/*/complete",
        variables: &["variables", "localVariables"],
        codes: &[],
        others: &["workerId"],
    },
    Call {
        name: "bpmnError",
        path: "external-task/*/bpmnError",
        variables: &["variables"],
        // A model may keep the message in a variable, so that it is held to the same rule.
        codes: &["errorCode", "errorMessage"],
        others: &["workerId"],
    },
    Call {
        name: "failure",
        path: "external-task/*/failure",
        variables: &["variables", "localVariables"],
        codes: &[],
        others: &["workerId", "errorMessage", "errorDetails", "retries", "retryTimeout"],
    },
    Call {
        name: "message",
        path: "message",
        variables: &[
            "correlationKeys",
            "processVariables",
            "processVariablesLocal",
            "processVariablesToTriggeredScope",
        ],
        codes: &["messageName"],
        others: &["businessKey", "processInstanceId", "resultEnabled"],
    },
    Call {
        name: "resolve",
        path: "task/*/complete",
        variables: &["variables"],
        codes: &[],
        others: &[],
    },
];

/// Questions and locks that are sent with a body: nothing of them stays in a process.
const QUESTIONS: [&str; 10] = [
    "external-task",
    "external-task/fetchAndLock",
    "external-task/*/extendLock",
    "external-task/*/unlock",
    "history/activity-instance",
    "history/process-instance",
    "job",
    "process-instance",
    "task",
    "variable-instance",
];

/// Everything that the engine below `/engine-rest` of a server was told, in order.
///
/// # Panics
/// On a call that is neither a known way to tell something nor a known question: it is named
/// here first, so that no sender stays unseen.
pub async fn told(server: &MockServer) -> Vec<Told> {
    let requests = server.received_requests().await.expect("the server records");
    let mut all = Vec::new();
    for request in requests {
        let Some(path) = request.url.path().strip_prefix("/engine-rest/") else { continue };
        if request.method == Method::GET || request.method == Method::DELETE {
            continue;
        }
        match CALLS.iter().find(|call| is_at(call.path, path)) {
            Some(call) => {
                let body = request.body_json().expect("a JSON body");
                all.push(Told { call: call.name, body });
            }
            None => assert!(
                QUESTIONS.iter().any(|question| is_at(question, path)),
                "{} {path}: test_support::pointers does not know whether this tells data",
                request.method
            ),
        }
    }
    all
}

/// Nothing but pointers and small decisions was told, whatever the call.
///
/// # Panics
/// With every place that holds something else.
pub fn only_pointers(told: &[Told]) {
    let objections: Vec<String> = told.iter().flat_map(objections).collect();
    assert!(objections.is_empty(), "the engine was told more than pointers: {objections:#?}");
}

/// What speaks against a variable of a process; nothing against a pointer or a small decision.
#[must_use]
pub fn objection(name: &str, value: &Value) -> Option<String> {
    if !FIVE_POINTERS.contains(&name) && !LATER.contains(&name) {
        return Some(format!("{name} is no pointer"));
    }
    not_small(name, value)
}

fn objections(told: &Told) -> Vec<String> {
    let call = CALLS.iter().find(|call| call.name == told.call).expect("a call of the list");
    let empty = Map::new();
    let body = told.body.as_object().unwrap_or(&empty);
    let of_property = |(property, value): (&String, &Value)| {
        let property = property.as_str();
        if call.variables.contains(&property) {
            return of_variables(value);
        }
        let objection = if call.codes.contains(&property) {
            not_small(property, value)
        } else {
            (!call.others.contains(&property)).then(|| format!("{property} is an unknown property"))
        };
        Vec::from_iter(objection)
    };
    let found = body.iter().flat_map(of_property);
    found.map(|objection| format!("{}: {objection}", told.call)).collect()
}

fn of_variables(variables: &Value) -> Vec<String> {
    let Some(variables) = variables.as_object() else {
        return vec![format!("{variables} holds no variables")];
    };
    variables.iter().filter_map(|(name, typed)| objection(name, &typed["value"])).collect()
}

/// An id or a code is short, and made of letters, digits and the signs between them.
fn not_small(name: &str, value: &Value) -> Option<String> {
    let is_sign = |x: char| x.is_ascii_alphanumeric() || "-_.:".contains(x);
    let is_small = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.len() <= LONGEST && text.chars().all(is_sign),
        Value::Array(_) | Value::Object(_) => false,
    };
    (!is_small).then(|| format!("{name} is neither an id nor a code: {value}"))
}

/// Whether a path is the pattern's, in which `*` stands for one segment.
fn is_at(pattern: &str, path: &str) -> bool {
    let fits = |(expected, segment): (&str, &str)| expected == "*" || expected == segment;
    pattern.split('/').count() == path.split('/').count()
        && pattern.split('/').zip(path.split('/')).all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::{Mock, ResponseTemplate, matchers::any};

    use super::*;

    fn objections_to(call: &'static str, body: Value) -> Vec<String> {
        objections(&Told { call, body })
    }

    #[test]
    fn pointers_and_small_decisions_are_what_may_be_told() {
        let variables = json!({
            "tenantId": {"value": "acme", "type": "String"},
            "orderVersion": {"value": 1, "type": "Integer"},
            "falloutResolution": {"value": "CONTINUE", "type": "String"},
        });

        let told =
            Told { call: "start", body: json!({"businessKey": "k", "variables": variables}) };

        only_pointers(&[told]);
    }

    #[test]
    fn business_data_is_refused_by_its_name_its_shape_or_its_size() {
        for (name, value) in [
            ("customerId", json!("customer-1")),
            ("falloutCode", json!("line 1: product X is not in the catalogue")),
            ("orderId", json!({"lines": []})),
            ("fulfillmentPlanId", json!("x".repeat(65))),
        ] {
            let variables = json!({ name: {"value": value} });

            for (call, property) in [
                ("start", "variables"),
                ("complete", "variables"),
                ("complete", "localVariables"),
                ("bpmnError", "variables"),
                ("failure", "variables"),
                ("message", "processVariables"),
                ("message", "processVariablesLocal"),
                ("message", "processVariablesToTriggeredScope"),
                ("message", "correlationKeys"),
                ("resolve", "variables"),
            ] {
                let found = objections_to(call, json!({ property: variables }));
                assert_eq!(found.len(), 1, "{call} {property} {name}: {found:?}");
            }
        }
    }

    #[test]
    fn a_bpmn_error_may_say_a_code_and_nothing_more() {
        let says = |message: &str| {
            objections_to("bpmnError", json!({"errorCode": "A_CODE", "errorMessage": message}))
        };

        assert!(says("PLAN_HAS_CYCLE").is_empty());
        assert_eq!(says("PLAN_HAS_CYCLE: ship waits for bill").len(), 1);
    }

    #[test]
    fn a_property_that_nobody_knows_is_refused() {
        assert_eq!(objections_to("resolve", json!({"withVariablesInReturn": true})).len(), 1);
    }

    async fn asked(method: &str, path: &str) -> Vec<Told> {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&server).await;
        let stream = tokio::net::TcpStream::connect(server.address()).await.expect("it listens");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: engine\r\nconnection: close\r\n\
             content-length: 2\r\n\r\n{{}}"
        );
        let (mut read, mut write) = stream.into_split();
        tokio::io::AsyncWriteExt::write_all(&mut write, request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut read, &mut answer).await.expect("an answer");
        told(&server).await
    }

    #[tokio::test]
    async fn what_tells_is_told_from_what_asks_and_from_other_systems() {
        let resolved = asked("POST", "/engine-rest/task/t1/complete").await;
        assert_eq!(resolved, [Told { call: "resolve", body: json!({}) }]);
        assert_eq!(asked("POST", "/engine-rest/external-task/fetchAndLock").await, []);
        assert_eq!(asked("POST", "/NOTIFICATION/requests").await, []);
    }

    #[tokio::test]
    #[should_panic(expected = "does not know whether this tells data")]
    async fn a_call_that_nobody_knows_fails_its_test() {
        let _told = asked("PUT", "/engine-rest/process-instance/p1/variables/customer").await;
    }
}
