//! Every ordered pair of the seven core kinds on one step, against a model of the rules.
//!
//! The model is written from the table, not from the code: it knows ids, contents and whether the
//! step is open, done or refused, and nothing else.

use std::collections::BTreeSet;

use super::Board;
use super::world::{
    Effects, Mode, Shape, Subject, World, accepted, cannot_tell, done, envelope, message, report,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Core {
    OnTime,
    Duplicate,
    Late,
    Early,
    Missing,
    Malformed,
    Contradictory,
}

const CORE: [Core; 7] = [
    Core::OnTime,
    Core::Duplicate,
    Core::Late,
    Core::Early,
    Core::Missing,
    Core::Malformed,
    Core::Contradictory,
];

/// What the rules say of one step.
#[derive(Debug, Default)]
struct Model {
    is_answered: bool,
    is_done: bool,
    is_contradicted: bool,
    ids: BTreeSet<String>,
    contents: BTreeSet<u32>,
    verdicts: Vec<&'static str>,
}

impl Model {
    fn hear(&mut self, id: &str, content: u32, says_done: bool) {
        let is_new = self.ids.insert(id.to_owned()) & self.contents.insert(content);
        self.verdicts.push(match (is_new, self.is_done, says_done) {
            (false, ..) => "DUPLICATE",
            (true, false, true) => "APPLIED",
            (true, true, true) => "LATE",
            (true, _, false) => "CONTRADICTORY",
        });
        self.is_done |= is_new && says_done;
        self.is_contradicted |= is_new && !says_done;
    }
}

struct Cell<'a> {
    world: &'a World,
    subject: Subject,
    name: String,
    model: Model,
    said: Vec<&'static str>,
    contents: u32,
}

impl Cell<'_> {
    async fn tell(&mut self, id: &str, content: u32, says_done: bool) {
        let status = if says_done { "COMPLETED" } else { "REJECTED" };
        let body = report(self.subject.request_id, status, content);
        let id = format!("{}-{id}", self.name);
        self.said.push(self.world.send(&message(&id, "ASYNC", &body)).await);
        self.model.hear(&id, content, says_done);
    }

    /// A message that nobody sent before.
    async fn tell_new(&mut self, says_done: bool) {
        self.contents += 1;
        let content = self.contents;
        self.tell(&format!("m{content}"), content, says_done).await;
    }

    async fn answer_submit(&mut self) {
        if !self.model.is_answered {
            let _ = self.world.answer(&self.subject, accepted()).await;
            self.model.is_answered = true;
        }
    }

    async fn act(&mut self, kind: Core) {
        if kind != Core::Early {
            self.answer_submit().await;
        }
        match kind {
            Core::OnTime => self.tell_new(true).await,
            Core::Duplicate => {
                self.tell_new(true).await;
                let content = self.contents;
                self.tell(&format!("m{content}"), content, true).await;
                self.tell(&format!("copy{content}"), content, true).await;
            }
            Core::Late => {
                self.world.timer(&self.subject, cannot_tell()).await;
                self.tell_new(true).await;
            }
            Core::Early => {
                self.tell_new(true).await;
                self.answer_submit().await;
            }
            Core::Missing => {
                self.world.timer(&self.subject, done()).await;
                self.model.is_done = true;
            }
            Core::Malformed => {
                let id = format!("{}-x{}", self.name, self.said.len());
                let bad = envelope(&id, ("acme", "ASYNC"), b"{\"status\":", "application/json");
                self.said.push(self.world.send(&bad).await);
                self.model.verdicts.push("MALFORMED");
            }
            Core::Contradictory => {
                self.tell_new(true).await;
                self.tell_new(false).await;
            }
        }
    }
}

pub(crate) async fn run(world: &World, board: &mut Board) {
    for first in CORE {
        for second in CORE {
            let subject = world.claimed(Mode::Async, Shape::Single).await;
            let before = world.effects(&subject).await;
            let name = format!("{first:?}-{second:?}");
            let mut cell = Cell {
                world,
                subject,
                name: name.clone(),
                model: Model::default(),
                said: Vec::new(),
                contents: 0,
            };
            cell.act(first).await;
            cell.act(second).await;

            let found = (cell.said.clone(), world.effects(&subject).await);
            let model = &cell.model;
            let (done, contradicted) = (i64::from(model.is_done), i64::from(model.is_contradicted));
            let expected = Effects {
                step: if model.is_done { "COMPLETED" } else { "SUBMITTED" }.to_owned(),
                // The line is fulfilled once; a contradiction opens its case once.
                events: before.events + done + contradicted,
                // Line and plan are done; a contradiction makes the order FALLOUT.
                transitions: before.transitions + 2 * done + contradicted,
                open_cases: contradicted,
                plan_messages: done,
            };
            board.note(&name, (found, (model.verdicts.clone(), expected)));
        }
    }
}
