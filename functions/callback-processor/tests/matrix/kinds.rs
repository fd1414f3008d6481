//! The twelve kinds, each as one scenario that its mode and plan colour.

use external_systems::callback::{
    ID_HEADER, SIGNATURE_HEADER, SignatureRejection, TIMESTAMP_HEADER, WebhookSecret,
    WebhookSecrets, sign, verify,
};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use lambda_support::sqs_batch::QueueMessage;
use order_domain::ids::RequestId;
use order_store::commands::OutcomeVerdict;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Board;
use super::world::{
    Effects, Mode, Shape, Subject, World, accepted, cannot_tell, done, envelope, message, report,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    OnTime,
    Duplicate,
    Late,
    EarlyBeforeSubmitAnswer,
    EarlyBeforeProcessWaits,
    Missing,
    Malformed,
    Contradictory,
    WrongTenantOrSystem,
    UnknownReference,
    Replayed,
    OutOfOrder,
}

const KINDS: [Kind; 12] = [
    Kind::OnTime,
    Kind::Duplicate,
    Kind::Late,
    Kind::EarlyBeforeSubmitAnswer,
    Kind::EarlyBeforeProcessWaits,
    Kind::Missing,
    Kind::Malformed,
    Kind::Contradictory,
    Kind::WrongTenantOrSystem,
    Kind::UnknownReference,
    Kind::Replayed,
    Kind::OutOfOrder,
];

/// What changes from before the first message until after the last one.
struct Expected {
    verdicts: Vec<&'static str>,
    step: &'static str,
    events: i64,
    transitions: i64,
    open_cases: i64,
    /// After the rest of the plan was done.
    plan_messages: i64,
}

const A: &str = "APPLIED";
const D: &str = "DUPLICATE";
const U: &str = "UNMATCHED";
const M: &str = "MALFORMED";

/// The table. A step that is done settles its line and plan in a plan of one step: one event
/// (OrderLineFulfilled) and two transitions (line, plan); inside a diamond it settles neither.
fn expected(kind: Kind, shape: Shape) -> Expected {
    let is_single = shape == Shape::Single;
    let settled = i64::from(is_single);
    let done = |verdicts: &[&'static str]| Expected {
        verdicts: verdicts.to_vec(),
        step: "COMPLETED",
        events: settled,
        transitions: 2 * settled,
        open_cases: 0,
        plan_messages: 1,
    };
    let untouched = |verdicts: &[&'static str]| Expected {
        step: "IN_FLIGHT",
        events: 0,
        transitions: 0,
        ..done(verdicts)
    };
    match kind {
        Kind::OnTime | Kind::EarlyBeforeSubmitAnswer | Kind::EarlyBeforeProcessWaits => done(&[A]),
        Kind::Duplicate => done(&[A, D, D, D, D, D]),
        // The case of the unknown outcome is resolved, and the order leaves FALLOUT.
        Kind::Late => {
            Expected { events: settled + 1, transitions: 2 * settled + 1, ..done(&[A, "LATE"]) }
        }
        Kind::Missing => done(&[]),
        Kind::Malformed => untouched(&[M, M, M, M, M, M, M, M, U]),
        // Done, then refused: a case, and FALLOUT.
        Kind::Contradictory if is_single => {
            Expected { events: 2, transitions: 3, open_cases: 1, ..done(&[A, "CONTRADICTORY"]) }
        }
        // Refused, then done: a case each; the line FAILED and the order FALLOUT with the first.
        Kind::Contradictory => Expected {
            step: "FAILED",
            events: 2,
            transitions: 2,
            open_cases: 2,
            plan_messages: 0,
            ..done(&[A, "CONTRADICTORY"])
        },
        Kind::WrongTenantOrSystem | Kind::UnknownReference => untouched(&[U, U]),
        Kind::Replayed => done(&[A, D]),
        Kind::OutOfOrder if is_single => done(&[U, A]),
        Kind::OutOfOrder => done(&[A, U, A]),
    }
}

struct Cell<'a> {
    world: &'a World,
    name: String,
    mode: Mode,
    shape: Shape,
    subject: Subject,
    said: Vec<&'static str>,
}

impl Cell<'_> {
    fn message(&self, id: &str, status: &str, nth: u32) -> QueueMessage {
        let body = report(self.subject.request_id, status, nth);
        message(&format!("{}-{id}", self.name), self.mode.system(), &body)
    }

    async fn tell(&mut self, message: &QueueMessage) {
        let verdict = self.world.send(message).await;
        self.said.push(verdict);
    }

    async fn tell_done(&mut self, id: &str, nth: u32) {
        self.tell(&self.message(id, "COMPLETED", nth)).await;
    }

    /// Everything between the send and the last message.
    async fn play(&mut self, kind: Kind) {
        match kind {
            Kind::OnTime => self.tell_done("m1", 1).await,
            Kind::Duplicate => self.duplicate().await,
            Kind::Late => {
                self.tell_done("m1", 1).await;
                self.tell_done("m2", 2).await;
            }
            Kind::EarlyBeforeSubmitAnswer => self.early().await,
            Kind::EarlyBeforeProcessWaits => self.before_the_process_waits().await,
            Kind::Missing => self.missing().await,
            Kind::Malformed => self.malformed().await,
            Kind::Contradictory => self.contradictory().await,
            Kind::WrongTenantOrSystem => self.foreign().await,
            Kind::UnknownReference => self.unknown_reference().await,
            Kind::Replayed => self.replayed().await,
            Kind::OutOfOrder => self.out_of_order().await,
        }
    }

    async fn duplicate(&mut self) {
        let first = self.message("m1", "COMPLETED", 1);
        for _ in 0..5 {
            self.tell(&first).await;
        }
        self.tell_done("same-content", 1).await;
    }

    /// The submit's own answer comes after the callback and is recorded only.
    async fn early(&mut self) {
        self.tell_done("m1", 1).await;
        let answer = if self.mode == Mode::Sync { done() } else { accepted() };
        let verdict = self.world.answer(&self.subject, answer).await;
        assert_eq!(verdict, OutcomeVerdict::LeaseLost, "{}", self.name);
    }

    /// No process waits anywhere; the plan's message stays owed until one does.
    async fn before_the_process_waits(&mut self) {
        self.tell_done("m1", 1).await;
        let order = self.subject.order_id;
        let waits =
            format!("select count(*) from workflow_correlation where subject_id = '{order}'");
        assert_eq!(self.world.db.number(&waits).await, 0, "{}", self.name);
    }

    /// Found out by a query: at once, or after one that could not tell.
    async fn missing(&mut self) {
        if self.mode == Mode::Poll {
            self.world.timer(&self.subject, cannot_tell()).await;
        }
        self.world.timer(&self.subject, done()).await;
    }

    /// Eight kinds, and a batch mate that is heard all the same.
    async fn malformed(&mut self) {
        let id = self.subject.request_id;
        let good = report(id, "COMPLETED", 1);
        let with = |field: &str, value: Value| {
            let mut body = good.clone();
            body[field] = value;
            body.to_string().into_bytes()
        };
        let mut nameless = good.clone();
        nameless.as_object_mut().unwrap().remove("requestId");
        let json = "application/json";
        let bodies: [(Vec<u8>, &str); 8] = [
            (b"hello".to_vec(), json),
            (good.to_string().into_bytes(), "text/plain"),
            (nameless.to_string().into_bytes(), json),
            (with("status", json!("DONE")), json),
            (with("occurredAt", json!(7)), json),
            (with("padding", json!("x".repeat(128 * 1024))), json),
            (with("externalReference", json!("A\0")), json),
            (good.to_string().into_bytes()[..40].to_vec(), json),
        ];
        let sender = ("acme", self.mode.system());
        let mut batch: Vec<QueueMessage> = Vec::new();
        for (nth, (body, content_type)) in bodies.iter().enumerate() {
            batch.push(envelope(&format!("{}-x{nth}", self.name), sender, body, content_type));
        }
        batch.push(self.of_nobody("mate"));
        let summary = self.world.batch(&batch).await;
        self.said.extend(vec![M; summary.malformed as usize]);
        self.said.extend(vec![U; summary.unmatched as usize]);
    }

    fn of_nobody(&self, id: &str) -> QueueMessage {
        let body = report(RequestId::from_uuid(Uuid::now_v7()), "COMPLETED", 9);
        message(&format!("{}-{id}", self.name), self.mode.system(), &body)
    }

    /// Either way round; both messages are evidence, and the system is to be asked.
    async fn contradictory(&mut self) {
        let says = match self.shape {
            Shape::Single => ["COMPLETED", "REJECTED"],
            Shape::Diamond => ["REJECTED", "COMPLETED"],
        };
        self.tell(&self.message("m1", says[0], 1)).await;
        self.tell(&self.message("m2", says[1], 2)).await;
        let evidence = format!(
            "select c.evidence->'recorded'->'message'->>'messageId' || ' '
                 || (c.evidence->'told'->'message'->>'messageId') || ' ' || q.request_id
             from order_fallout_case c
             join contradiction_query q on q.fallout_case_id = c.id and q.due_at is not null
             where c.order_id = '{}'",
            self.subject.order_id
        );
        let both = format!("{0}-m1 {0}-m2 {1}", self.name, self.subject.request_id);
        assert_eq!(self.world.db.text(&evidence).await, Some(both));
    }

    /// Another's secret is refused at the edge; another's request says nothing.
    async fn foreign(&mut self) {
        let body = report(self.subject.request_id, "COMPLETED", 1).to_string();
        let (at, id) = (Timestamp::now(), format!("{}-m1", self.name));
        let headers = signed(&secret(1), &id, at, body.as_bytes());
        let refused = verify(&headers, body.as_bytes(), &live(2), at);
        assert_eq!(refused, Err(SignatureRejection::NoMatchingSignature), "{}", self.name);
        let json = "application/json";
        let senders = [("globex", self.mode.system()), ("acme", "LOGISTICS")];
        for sender in senders {
            self.tell(&envelope(&id, sender, body.as_bytes(), json)).await;
        }
        let exposed = format!(
            "select count(*) from inbox_message where message_id = '{id}'
             and detail = 'FOREIGN_REQUEST' and next_match_at is null and answer is null"
        );
        assert_eq!(self.world.db.number(&exposed).await, 2, "{}", self.name);
    }

    /// Kept with what it says and a time to look again, by request and by reference.
    async fn unknown_reference(&mut self) {
        self.tell(&self.of_nobody("m1")).await;
        let reference = json!({"externalReference": format!("{}-REF", self.name),
            "status": "COMPLETED", "occurredAt": "2026-05-04T10:00:00Z"});
        let by_reference = message(&format!("{}-m2", self.name), self.mode.system(), &reference);
        self.tell(&by_reference).await;
        let waiting = format!(
            "select count(*) from inbox_message where message_id like '{}-m_'
             and next_match_at is not null and answer is not null",
            self.name
        );
        assert_eq!(self.world.db.number(&waiting).await, 2, "{}", self.name);
    }

    /// The edge lets a signature live for 300 s; within them the inbox knows the message.
    async fn replayed(&mut self) {
        let body = report(self.subject.request_id, "COMPLETED", 1).to_string();
        let (at, id) = (Timestamp::now(), format!("{}-m1", self.name));
        let headers = signed(&secret(1), &id, at, body.as_bytes());
        let verified = |after: i64| {
            let now = at + SignedDuration::from_secs(after);
            verify(&headers, body.as_bytes(), &live(1), now).map(|x| x.message_id)
        };
        assert_eq!(verified(300), Ok(id.clone()), "{}", self.name);
        assert_eq!(verified(302), Err(SignatureRejection::TooOld), "{}", self.name);
        self.tell_done("m1", 1).await;
        self.tell_done("m1", 1).await;
    }

    /// Each message finds its own step; one that was never sent has no id that could match.
    async fn out_of_order(&mut self) {
        if self.shape == Shape::Diamond {
            let order = self.subject.order_id;
            let right = self.world.claim(self.mode, order, "right").await;
            let _ = self.world.answer(&right, accepted()).await;
            let body = report(right.request_id, "COMPLETED", 1);
            let id = format!("{}-right", self.name);
            self.tell(&message(&id, self.mode.system(), &body)).await;
            assert_eq!(self.last().await, "PENDING", "{}", self.name);
        }
        self.tell(&self.of_nobody("never-sent")).await;
        self.tell_done("m1", 1).await;
        if self.shape == Shape::Diamond {
            assert_eq!(self.last().await, "READY", "{}", self.name);
        }
    }

    async fn last(&self) -> String {
        let order = self.subject.order_id;
        let sql = format!(
            "select status from fulfillment_step where order_id = '{order}' and step_key like '%last%'"
        );
        self.world.db.text(&sql).await.unwrap()
    }
}

fn secret(nth: u8) -> WebhookSecret {
    let base64 = CallbackBytes::encode(&[nth; 32]);
    WebhookSecret::parse(&format!("whsec_{base64}")).unwrap()
}

/// Base64 as the envelope writes it.
struct CallbackBytes;

impl CallbackBytes {
    fn encode(bytes: &[u8]) -> String {
        external_systems::callback::CallbackEnvelope::encode_body(bytes)
    }
}

fn live(nth: u8) -> WebhookSecrets {
    WebhookSecrets { current: secret(nth), previous: None }
}

fn signed(secret: &WebhookSecret, id: &str, at: Timestamp, body: &[u8]) -> HeaderMap {
    let signature = sign(secret, id, at, body);
    let values = [
        (ID_HEADER, id.to_owned()),
        (TIMESTAMP_HEADER, at.as_second().to_string()),
        (SIGNATURE_HEADER, signature),
    ];
    values.into_iter().map(|(name, x)| (name.parse().unwrap(), x.parse().unwrap())).collect()
}

async fn begin(world: &World, kind: Kind, (mode, shape): (Mode, Shape)) -> Subject {
    match kind {
        Kind::EarlyBeforeSubmitAnswer => world.claimed(mode, shape).await,
        Kind::Late => {
            let subject = world.sent(mode, shape).await;
            for _ in 0..2 {
                world.timer(&subject, cannot_tell()).await;
            }
            subject
        }
        _ => world.sent(mode, shape).await,
    }
}

async fn cell(world: &World, board: &mut Board, kind: Kind, (mode, shape): (Mode, Shape)) {
    let name = format!("{kind:?}-{mode:?}-{shape:?}");
    let subject = begin(world, kind, (mode, shape)).await;
    let before = world.effects(&subject).await;
    let mut cell = Cell { world, name: name.clone(), mode, shape, subject, said: Vec::new() };
    cell.play(kind).await;
    let mut after = world.effects(&subject).await;
    // What said nothing about the step leaves it as it was, and open for what does.
    let expected = expected(kind, shape);
    let is_untouched = expected.step == "IN_FLIGHT";
    if is_untouched {
        assert_eq!(cell.world.send(&cell.message("proof", "COMPLETED", 8)).await, A, "{name}");
    }
    world.finish_plan(&subject).await;
    after.plan_messages = world.effects(&subject).await.plan_messages;
    let verdicts = std::mem::take(&mut cell.said);
    let should = Effects {
        step: if is_untouched { before.step } else { expected.step.to_owned() },
        events: before.events + expected.events,
        transitions: before.transitions + expected.transitions,
        open_cases: expected.open_cases,
        plan_messages: expected.plan_messages,
    };
    board.note(&name, ((verdicts, after), (expected.verdicts, should)));
}

pub(crate) async fn run(world: &World, board: &mut Board) {
    for kind in KINDS {
        for mode in Mode::ALL {
            for shape in [Shape::Single, Shape::Diamond] {
                cell(world, board, kind, (mode, shape)).await;
            }
        }
    }
}
