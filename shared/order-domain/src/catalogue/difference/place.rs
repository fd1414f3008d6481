//! Two documents side by side, down to the places that differ.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{ChangeKind, PlaceDifference};
use crate::catalogue::LineAction;

/// The same place in both documents.
#[derive(Debug, Clone)]
pub(super) struct Place {
    old: String,
    new: String,
    pub(super) action: Option<LineAction>,
    pub(super) step_key: Option<String>,
}

/// What stands at a place.
pub(super) struct Sides {
    old: Value,
    new: Value,
}

impl Sides {
    /// Both as they are written; a catalogue is made of texts, numbers and flags, so it always can.
    pub(super) fn of<T: Serialize>(old: &T, new: &T) -> Self {
        let written = |x: &T| serde_json::to_value(x).unwrap_or_default();
        Self { old: written(old), new: written(new) }
    }

    /// Leaves out what is compared by itself.
    pub(super) fn without(mut self, field: &str) -> Self {
        for side in [&mut self.old, &mut self.new] {
            side.as_object_mut().and_then(|fields| fields.remove(field));
        }
        self
    }
}

impl Place {
    pub(super) fn new(old: &str, new: &str) -> Self {
        Self { old: old.to_owned(), new: new.to_owned(), action: None, step_key: None }
    }

    /// An element of a list; where a side has none its pointer is not used.
    pub(super) fn below(&self, field: &str, (old, new): (Option<usize>, Option<usize>)) -> Self {
        let pointer = |base: &str, index: Option<usize>| {
            index.map(|index| format!("{base}/{field}/{index}")).unwrap_or_default()
        };
        Self { old: pointer(&self.old, old), new: pointer(&self.new, new), ..self.clone() }
    }

    /// The whole place was added or removed.
    pub(super) fn one_sided(&self, is_added: bool) -> PlaceDifference {
        let kind = if is_added { ChangeKind::Added } else { ChangeKind::Removed };
        self.differs(kind, (None, None))
    }

    /// Every place below this one that differs.
    pub(super) fn compare(&mut self, sides: Sides, found: &mut Vec<PlaceDifference>) {
        self.walk((&sides.old, &sides.new), found);
    }

    fn walk(&mut self, (old, new): (&Value, &Value), found: &mut Vec<PlaceDifference>) {
        match (old, new) {
            _ if old == new => {}
            (Value::Object(old), Value::Object(new)) => self.fields((old, new), found),
            (Value::Array(before), Value::Array(after))
                if before.len() == after.len() && !(is_plain(old) && is_plain(new)) =>
            {
                for (index, sides) in before.iter().zip(after).enumerate() {
                    self.step_into(&index.to_string(), |place| place.walk(sides, found));
                }
            }
            _ => found.push(self.differs(ChangeKind::Changed, (Some(old), Some(new)))),
        }
    }

    fn fields(
        &mut self,
        (old, new): (&Map<String, Value>, &Map<String, Value>),
        found: &mut Vec<PlaceDifference>,
    ) {
        let gone = old.keys().filter(|name| !new.contains_key(*name));
        for name in new.keys().chain(gone) {
            self.step_into(name, |place| match (old.get(name), new.get(name)) {
                (Some(old), Some(new)) => place.walk((old, new), found),
                (None, new) => found.push(place.differs(ChangeKind::Added, (None, new))),
                (old, None) => found.push(place.differs(ChangeKind::Removed, (old, None))),
            });
        }
    }

    /// Looks at a field or an element, and comes back.
    fn step_into(&mut self, name: &str, look: impl FnOnce(&mut Self)) {
        let lengths = (self.old.len(), self.new.len());
        let token = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        self.old.push_str(&token);
        self.new.push_str(&token);
        look(self);
        self.old.truncate(lengths.0);
        self.new.truncate(lengths.1);
    }

    fn differs(
        &self,
        kind: ChangeKind,
        (before, after): (Option<&Value>, Option<&Value>),
    ) -> PlaceDifference {
        let pointer = match kind {
            ChangeKind::Added | ChangeKind::Changed => self.new.clone(),
            ChangeKind::Removed => self.old.clone(),
        };
        let told = |x: Option<&Value>| x.filter(|x| is_plain(x)).cloned();
        PlaceDifference {
            kind,
            pointer,
            action: self.action,
            step_key: self.step_key.clone(),
            before: told(before),
            after: told(after),
        }
    }
}

/// A text, a number, a flag, or a list of them: short enough to be shown.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().all(|x| !x.is_array() && !x.is_object()),
        Value::Object(_) => false,
        _ => true,
    }
}
