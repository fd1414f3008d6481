//! Whole orders on the deployed template: API Gateway, queues, schedules, the real engine, real
//! PostgreSQL and the simulator, each in its own process.
//!
//! One stack for all of it, because starting one takes longer than an order; the test that owns it
//! stops it whatever happens.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use test_support::pointers::{FIVE_POINTERS, objection};

const STACK: &str = "journey";
/// The engine of this stack remembers every variable that ever was; deployed ones remember none.
const HISTORY_LEVEL: (&str, &str) = ("OMS_ENGINE_HISTORY_LEVEL", "audit");
/// Longer than the engine's own wait for a database connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// Quotes that complete, with the least number of effects that each must have.
const QUOTES: [(&str, u64); 7] = [
    ("managed-connectivity-bundle", 8),
    ("sd-wan-25-sites", 150),
    ("change-order", 1),
    ("no-change-only", 0),
    ("conditional-steps", 1),
    ("quantity-three", 3),
    ("optional-step-fails", 1),
];

/// A running stack; stopped and forgotten when the test is over, also when it fails.
struct Stack;

impl Stack {
    fn up() -> Self {
        let stack = Self;
        succeed(&run(&["up"]), "up");
        stack
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        succeed(&run(&["purge"]), "purge");
    }
}

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn local(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(workspace())
        .env(HISTORY_LEVEL.0, HISTORY_LEVEL.1)
        .args(["run", "--quiet", "--package", "local", "--", "--stack", STACK])
        .args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    local(arguments).output().expect("cargo runs")
}

fn succeed(output: &Output, what: &str) {
    assert!(
        output.status.success(),
        "`cargo local --stack {STACK} {what}` failed:\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The demo's result: its last line on stdout.
fn result_of(output: &Output, quote: &str) -> Value {
    succeed(output, &format!("demo --quote {quote}"));
    let stdout = String::from_utf8_lossy(&output.stdout);
    let last = stdout.lines().last().expect("the demo prints its result");
    serde_json::from_str(last).expect("the result is JSON")
}

fn order(quote: &str) -> Value {
    let file = format!("catalog/quotes/{quote}.json");
    result_of(&run(&["demo", "--quote", &file, "--keep", "--json"]), quote)
}

/// An order that is under way while the test does something to the stack.
struct RunningOrder {
    child: Child,
    progress: JoinHandle<String>,
}

impl RunningOrder {
    /// Places the order; returns once it is placed, because then its work has begun.
    fn place(quote: &str) -> Self {
        let file = format!("catalog/quotes/{quote}.json");
        let mut child = local(&["demo", "--quote", &file, "--keep", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo runs");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let placed = lines.by_ref().map_while(Result::ok).any(|line| line == "… order");
        assert!(placed, "the demo ended before it placed the order");
        let rest = move || lines.map_while(Result::ok).collect::<Vec<_>>().join("\n");
        Self { child, progress: thread::spawn(rest) }
    }

    /// Waits for the demo's verdict.
    fn finish(self) -> Output {
        let mut output = self.child.wait_with_output().expect("the demo ends");
        output.stderr = self.progress.join().expect("the progress is read").into_bytes();
        output
    }
}

#[expect(clippy::print_stdout, reason = "the figures of a run are worth reading with --nocapture")]
fn tell(line: &str) {
    println!("{line}");
}

fn assert_complete(quote: &str, result: &Value, least_effects: u64) {
    assert_eq!(result["orderStatus"], "COMPLETED", "{quote}: {result}");
    assert_eq!(result["processInstanceState"], "COMPLETED", "{quote}: {result}");
    assert_eq!(result["duplicateEffects"], 0, "{quote}: {result}");
    assert_eq!(result["outboxPending"], 0, "{quote}: {result}");
    let effects = result["effects"].as_u64().unwrap_or(0);
    assert!(effects >= least_effects, "{quote}: {effects} effects, {result}");
}

/// What the engine of the stack answers to a question.
fn ask_engine(question: &str) -> Value {
    let state = workspace().join("target/local").join(STACK).join("stack.json");
    let state = std::fs::read_to_string(state).expect("a stack that is up says where");
    let state: Value = serde_json::from_str(&state).expect("JSON");
    let engine = state["endpoints"]["engineUrl"].as_str().expect("an engine");
    let url = format!("{engine}{question}");
    let answer = async {
        let http = lambda_support::http::client(PATIENCE).expect("an HTTP client");
        let answer = http.get(&url).send().await.expect("the engine answers");
        answer.error_for_status().expect("a good question").json().await.expect("JSON")
    };
    tokio::runtime::Runtime::new().expect("a runtime").block_on(answer)
}

/// Every variable that any instance of the order ever had.
fn assert_only_pointers(quote: &str, result: &Value) {
    let order = result["orderId"].as_str().expect("an order");
    let instances = ask_engine(&format!(
        "/history/process-instance?processInstanceBusinessKey=ORDER:acme:{order}"
    ));
    let mut names = BTreeSet::new();
    for instance in instances.as_array().expect("a list of instances") {
        let id = instance["id"].as_str().expect("an id");
        let variables = ask_engine(&format!(
            "/history/variable-instance?processInstanceId={id}&includeDeleted=true"
        ));
        for variable in variables.as_array().expect("a list of variables") {
            let name = variable["name"].as_str().expect("a name");
            assert_eq!(objection(name, &variable["value"]), None, "{quote}: {order}");
            names.insert(name.to_owned());
        }
    }
    for name in FIVE_POINTERS.into_iter().chain(["fulfillmentPlanId"]) {
        assert!(names.contains(name), "{quote}: {name} is not among {names:?}");
    }
}

#[test]
fn journey_every_sample_quote_completes_with_nine_engine_calls_and_survives_killed_parts() {
    let _stack = Stack::up();

    for (quote, least_effects) in QUOTES {
        let result = order(quote);
        tell(&format!("{quote}: {result}"));
        assert_complete(quote, &result, least_effects);
        assert_only_pointers(quote, &result);
        if least_effects >= 8 {
            assert_eq!(result["engineCalls"]["perOrder"], 9, "{quote}: {result}");
        }
    }

    for part in ["engine", "simulator", "postgres"] {
        let running = RunningOrder::place("sd-wan-25-sites");
        succeed(&run(&[part, "kill"]), "kill");
        succeed(&run(&[part, "start"]), "start");
        let result = result_of(&running.finish(), "sd-wan-25-sites");
        tell(&format!("{part} killed and started again: {result}"));
        assert_complete("sd-wan-25-sites", &result, 150);
        assert_only_pointers("sd-wan-25-sites", &result);
    }
}
