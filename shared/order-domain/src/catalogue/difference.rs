//! What one catalogue changes against another, for whoever is about to apply it.
//!
//! Products are matched by code, rules by action, steps by key; everything below is compared as
//! the document that the catalogue is written as, with what was left out at its default. So moving
//! a product or a step, or spelling a default out, is no difference: it changes no work.
//! Places are JSON pointers into the new document; what was removed points into the old one.

mod place;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::place::{Place, Sides};
use super::{Catalogue, LineAction, Product, ProductRule};
use crate::text_enum::text_enum;

text_enum! {
    /// How a place differs.
    ChangeKind {
        /// Only the new catalogue has it.
        Added = "ADDED",
        /// Only the old catalogue has it.
        Removed = "REMOVED",
        /// Both have it, and not the same.
        Changed = "CHANGED",
    }
}

/// More places than people read, and few enough for one answer.
const MOST_PLACES: usize = 5_000;

/// What a catalogue changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CatalogueDifference {
    /// Codes of products that only the new one has.
    pub products_added: Vec<String>,
    /// Codes of products that only the old one has.
    pub products_removed: Vec<String>,
    /// Products that both have.
    pub products_changed: Vec<ProductDifference>,
    /// Calendars, which deadlines in business days are counted in.
    pub calendars: Vec<PlaceDifference>,
    /// Places of products beyond the first 5000, which nobody reads one by one.
    pub places_left_out: u32,
}

/// What a catalogue changes about one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProductDifference {
    /// The product.
    pub product_code: String,
    /// Every place that differs, in the order of the new document.
    pub changes: Vec<PlaceDifference>,
}

/// One place that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlaceDifference {
    /// How it differs.
    pub kind: ChangeKind,
    /// JSON pointer into the new document, or into the old one where it was removed.
    pub pointer: String,
    /// The rule that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<LineAction>,
    /// The step that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_key: Option<String>,
    /// What stood there, where it is a text, a number, a flag or a list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What stands there now, where it is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl CatalogueDifference {
    /// What `new` changes against `old`; everything is new where there is no `old`.
    #[must_use]
    pub fn between(old: Option<&Catalogue>, new: &Catalogue) -> Self {
        let mut difference = Self::default();
        let nothing = Catalogue { version: 0, calendars: Default::default(), products: Vec::new() };
        let old = old.unwrap_or(&nothing);
        for (index, product) in new.products.iter().enumerate() {
            let code = product.code.as_str();
            let Some(before) = old.products.iter().position(|x| x.code == product.code) else {
                difference.products_added.push(code.to_owned());
                continue;
            };
            let changes = of_product((before, &old.products[before]), (index, product));
            if !changes.is_empty() {
                let product_code = code.to_owned();
                difference.products_changed.push(ProductDifference { product_code, changes });
            }
        }
        let is_gone = |product: &&Product| new.find_product(product.code.as_str()).is_none();
        let gone = old.products.iter().filter(is_gone).map(|x| x.code.to_string());
        difference.products_removed = gone.collect();
        let mut place = Place::new("/calendars", "/calendars");
        place.compare(Sides::of(&old.calendars, &new.calendars), &mut difference.calendars);
        difference.leave_out_behind(MOST_PLACES);
        difference
    }

    /// Keeps every product that changed, and so many of their places.
    fn leave_out_behind(&mut self, most: usize) {
        let (mut room, mut left_out) = (most, 0);
        for product in &mut self.products_changed {
            let kept = product.changes.len().min(room);
            left_out += product.changes.len() - kept;
            product.changes.truncate(kept);
            room -= kept;
        }
        self.places_left_out = u32::try_from(left_out).unwrap_or(u32::MAX);
    }

    /// Whether both mean the same work; their documents may still be written otherwise.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What applying it means, in sentences; `current` is the version that it replaces.
    #[must_use]
    pub fn sentences(&self, current: Option<u32>, new: u32) -> Vec<String> {
        let (added, removed) = (self.products_added.len(), self.products_removed.len());
        let changed = self.products_changed.len();
        let mut sentences =
            vec![format!("Products: {added} added, {removed} removed, {changed} changed.")];
        if self.is_empty() {
            sentences.push("No product means other work than before.".to_owned());
        }
        sentences.push(match current {
            None => "It is the first catalogue: no order is decomposed yet.".to_owned(),
            Some(current) => format!(
                "Orders that are decomposed already keep version {current}, or the earlier one \
                 that made their work; from now on orders are decomposed with version {new}."
            ),
        });
        if removed > 0 {
            let refused = "A line with a removed product that is not decomposed yet is refused as \
                           PRODUCT_NOT_IN_CATALOGUE.";
            sentences.push(refused.to_owned());
        }
        sentences
    }
}

fn of_product(old: (usize, &Product), new: (usize, &Product)) -> Vec<PlaceDifference> {
    let mut changes = Vec::new();
    let pointer = |index| format!("/products/{index}");
    let (old_pointer, new_pointer) = (pointer(old.0), pointer(new.0));
    let mut place = Place::new(&old_pointer, &new_pointer);
    place.compare(Sides::of(old.1, new.1).without("rules"), &mut changes);
    let pairs = matched(&old.1.rules, &new.1.rules, |rule: &ProductRule| rule.action);
    for (before, after) in pairs {
        let action = before.or(after).map(|(_, rule)| rule.action);
        let mut place = place.below("rules", (before.map(|x| x.0), after.map(|x| x.0)));
        place.action = action;
        match (before, after) {
            (Some((_, before)), Some((_, after))) => of_rule(&place, (before, after), &mut changes),
            (before, _) => changes.push(place.one_sided(before.is_none())),
        }
    }
    changes
}

fn of_rule(
    place: &Place,
    (old, new): (&ProductRule, &ProductRule),
    changes: &mut Vec<PlaceDifference>,
) {
    place.clone().compare(Sides::of(old, new).without("steps"), changes);
    for (before, after) in matched(&old.steps, &new.steps, |step| step.key.clone()) {
        let mut place = place.below("steps", (before.map(|x| x.0), after.map(|x| x.0)));
        place.step_key = before.or(after).map(|(_, step)| step.key.to_string());
        match (before, after) {
            (Some((_, old)), Some((_, new))) => place.compare(Sides::of(old, new), changes),
            (before, _) => changes.push(place.one_sided(before.is_none())),
        }
    }
}

type Numbered<'a, T> = Option<(usize, &'a T)>;

/// Elements with the same key beside each other in the order of `new`; then what only `old` has.
fn matched<'a, T, K: PartialEq>(
    old: &'a [T],
    new: &'a [T],
    key: impl Fn(&T) -> K,
) -> Vec<(Numbered<'a, T>, Numbered<'a, T>)> {
    let find =
        |all: &'a [T], wanted: &T| all.iter().enumerate().find(|(_, x)| key(x) == key(wanted));
    let mut pairs: Vec<_> =
        new.iter().enumerate().map(|(index, x)| (find(old, x), Some((index, x)))).collect();
    let gone = old.iter().enumerate().filter(|(_, x)| find(new, x).is_none());
    pairs.extend(gone.map(|(index, x)| (Some((index, x)), None)));
    pairs
}

#[cfg(test)]
mod tests;
