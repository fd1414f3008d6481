//! An engine with one task, one order and one wait, which fails one call in a chosen way.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use camunda_client::{CallKind, EngineClient, EngineSettings};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use super::table::{Call, Fault};

/// The limit of every call; only a call that is struck ever waits for it.
pub(super) const LIMIT: Duration = Duration::from_secs(3);
const TASK: &str = "task-1";

/// What the engine holds, and how often each call had its effect.
#[derive(Debug, Default)]
pub(super) struct State {
    strike: Option<Strike>,
    done: BTreeMap<Call, u32>,
    pub(super) task: Task,
    /// Retries that the last failure left.
    pub(super) retries: Option<u64>,
    pub(super) has_left_the_wait: bool,
}

/// The next call of this kind fails; whether the engine did it all the same is `is_done`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strike {
    pub(super) call: Call,
    pub(super) fault: Fault,
    pub(super) is_done: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    #[default]
    Waiting,
    Locked,
    Ended,
}

pub(super) struct Engine {
    pub(super) client: EngineClient,
    state: Arc<Mutex<State>>,
    line: Line,
}

/// A port that stays ours also while nobody listens at it, so that a connection is refused.
struct Line {
    address: SocketAddr,
    _holder: TcpSocket,
    listening: Mutex<Option<JoinHandle<()>>>,
}

impl Line {
    fn new() -> Self {
        let holder = socket("127.0.0.1:0".parse().unwrap());
        let address = holder.local_addr().unwrap();
        Self { address, _holder: holder, listening: Mutex::default() }
    }

    fn open(&self, state: &Arc<Mutex<State>>) {
        let listener = socket(self.address).listen(64).unwrap();
        let task = tokio::spawn(serve(listener, Arc::clone(state)));
        *self.listening.lock().unwrap() = Some(task);
    }

    async fn close(&self) {
        let listening = self.listening.lock().unwrap().take();
        if let Some(task) = listening {
            task.abort();
            assert!(task.await.is_err_and(|x| x.is_cancelled()), "the listener is gone");
        }
    }
}

fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

impl Engine {
    /// With an HTTP client that all engines share: making one takes longer than a call.
    pub(super) fn start(http: &reqwest::Client) -> Self {
        let (state, line) = (Arc::new(Mutex::new(State::default())), Line::new());
        line.open(&state);
        let address = format!("http://{}/engine-rest", line.address);
        let settings = EngineSettings::parse(&address).unwrap().with_request_timeout(LIMIT);
        Self { client: EngineClient::new(http.clone(), settings), state, line }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// How often the engine did it.
    pub(super) fn count(&self, call: Call) -> u32 {
        self.state().count(call)
    }

    /// How often the client tried it, refused connections included.
    pub(super) fn calls(&self, kind: CallKind) -> u64 {
        self.client.calls().count(kind)
    }

    /// From here on the call fails; a refused connection is everybody's.
    pub(super) async fn strike(&self, strike: Strike) {
        if strike.fault == Fault::Refused {
            self.line.close().await;
        } else {
            self.state().strike = Some(strike);
        }
    }

    /// Somebody listens again.
    pub(super) async fn lift(&self) {
        self.line.close().await;
        self.line.open(&self.state);
    }

    /// The fault is over, and so is the lock of the task.
    pub(super) async fn recover(&self) {
        self.lift().await;
        let mut state = self.state();
        assert!(state.strike.is_none(), "it never struck: {:?}", state.strike);
        if state.task == Task::Locked {
            state.task = Task::Waiting;
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(task) = self.line.listening.lock().unwrap().take() {
            task.abort();
        }
    }
}

impl State {
    fn effect(&mut self, call: Call) {
        *self.done.entry(call).or_default() += 1;
    }

    fn count(&self, call: Call) -> u32 {
        self.done.get(&call).copied().unwrap_or_default()
    }

    /// Does what is asked, as the engine does, and says how it answers.
    fn answer(&mut self, call: Call, path: &str, body: &Value) -> (u16, Value) {
        let is_ours = self.task == Task::Locked;
        match call {
            Call::Start => {
                self.effect(call);
                (200, json!({"id": "p", "definitionId": "d:1", "ended": false, "suspended": false}))
            }
            Call::FetchAndLock if self.task == Task::Waiting => {
                self.effect(call);
                self.task = Task::Locked;
                (
                    200,
                    json!([{"id": TASK, "topicName": "t", "retries": self.retries,
                    "processInstanceId": "p", "activityId": "A", "activityInstanceId": "A:1",
                    "variables": {}}]),
                )
            }
            Call::FetchAndLock => (200, json!([])),
            Call::Complete | Call::BpmnError | Call::Failure | Call::ExtendLock | Call::Unlock
                if !is_ours =>
            {
                let message = format!("External task with id {TASK} does not exist");
                (404, json!({"type": "RestException", "message": message, "code": 0}))
            }
            Call::Complete | Call::BpmnError => {
                self.effect(call);
                self.task = Task::Ended;
                (204, Value::Null)
            }
            Call::Failure => {
                self.effect(call);
                self.retries = body["retries"].as_u64();
                (204, Value::Null)
            }
            Call::ExtendLock => {
                self.effect(call);
                (204, Value::Null)
            }
            Call::Unlock => {
                self.effect(call);
                self.task = Task::Waiting;
                (204, Value::Null)
            }
            Call::Message => self.take_message(body),
            Call::Query => (200, self.found(path)),
        }
    }

    /// The wait takes its message once; the start of a sub-process takes every one.
    fn take_message(&mut self, body: &Value) -> (u16, Value) {
        if body["messageName"] == "FulfillmentPlanCompleted" {
            if self.has_left_the_wait {
                let message = "No process definition or execution matches the parameters";
                return (400, json!({"type": "RestException", "message": message, "code": 0}));
            }
            self.has_left_the_wait = true;
        }
        self.effect(Call::Message);
        (200, json!([{"execution": {"id": "e", "processInstanceId": "p"}}]))
    }

    fn found(&self, path: &str) -> Value {
        let at = "2026-01-31T12:00:00.000+0000";
        let instance =
            json!({"id": "p", "processDefinitionId": "d:1", "state": "ACTIVE", "startTime": at});
        let task = json!({"id": "u", "taskDefinitionKey": "ResolveOrderFallout",
            "processInstanceId": "c", "created": at, "suspended": false});
        if path.ends_with("/history/activity-instance") {
            let end = self.has_left_the_wait.then_some(at);
            return json!([{"id": "a", "activityId": "AwaitFulfillmentPlan", "activityType": "receiveTask",
                "processInstanceId": "p", "startTime": at, "endTime": end, "canceled": false}]);
        }
        let (found, row) = match path.ends_with("/task") {
            true => (self.count(Call::Message), task),
            false => (self.count(Call::Start) + u32::from(self.has_left_the_wait), instance),
        };
        Value::Array(vec![row; found as usize])
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(exchange(socket, Arc::clone(&state)));
    }
}

/// One request on one connection; the peer may go away at any time.
async fn exchange(mut socket: TcpStream, state: Arc<Mutex<State>>) {
    let Some((path, body)) = read_request(&mut socket).await else { return };
    let call = Call::at(&path);
    let (struck, answer) = {
        let mut state = state.lock().unwrap();
        let struck = state.strike.take_if(|x| x.call == call);
        let is_done = struck.is_none_or(|x| x.is_done);
        (struck, is_done.then(|| state.answer(call, &path, &body)))
    };
    let fault = struck.map(|x| x.fault);
    match (fault, answer) {
        (Some(fault), _) => fail(&mut socket, fault).await,
        (None, Some((status, body))) => {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            send(&mut socket, status, body.len(), &body).await;
        }
        (None, None) => unreachable!("what is not struck is done"),
    }
}

async fn fail(socket: &mut TcpStream, fault: Fault) {
    let half = r#"{"id":"#;
    match fault {
        Fault::Refused => unreachable!("the line refuses it"),
        Fault::Hang => {
            let _ = socket.read_to_end(&mut Vec::new()).await;
        }
        Fault::Reset => socket.set_zero_linger().unwrap(),
        Fault::Unavailable => send(socket, 503, 4, "busy").await,
        Fault::ServerError => {
            let body = r#"{"type":"RestException","message":"out of luck","code":null}"#;
            send(socket, 500, body.len(), body).await;
        }
        Fault::InvalidJson => send(socket, 200, half.len(), half).await,
        Fault::Partial => send(socket, 200, 100, half).await,
        Fault::Slow => {
            send(socket, 200, 100_000, half).await;
            let mut next = tokio::time::interval(Duration::from_millis(20));
            while socket.write_all(b" ").await.is_ok() {
                next.tick().await;
            }
        }
    }
}

/// An answer that promises `length` bytes of body.
async fn send(socket: &mut TcpStream, status: u16, length: usize, body: &str) {
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
}

async fn read_request(socket: &mut TcpStream) -> Option<(String, Value)> {
    let mut bytes = Vec::new();
    let head = loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|x| x == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|x| x.strip_prefix("content-length: ")?.trim().parse().ok());
    let length: usize = length.unwrap_or_default();
    while bytes.len() < head + length {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let first = String::from_utf8_lossy(&bytes[..head]);
    let target = first.split_whitespace().nth(1)?;
    let path = target.split('?').next()?.to_owned();
    Some((path, serde_json::from_slice(&bytes[head..]).unwrap_or_default()))
}
