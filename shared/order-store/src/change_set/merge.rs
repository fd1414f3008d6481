//! Rows of one statement that mean the same stored row.
//!
//! PostgreSQL refuses to touch a row twice in one upsert, and applies only one of two updates of a
//! row: a batch in which two items say something about the same row must say it once.

use serde_json::Value;

use super::Part;

/// The columns that name a stored row; `None` where no two rows of a statement mean the same one.
pub(super) const fn key(part: Part) -> Option<&'static [&'static str]> {
    match part {
        Part::Incident => Some(&["tenant_id", "kind", "cause"]),
        Part::RequestUpdate => Some(&["request_id", "tenant_id"]),
        Part::CaseUpdate | Part::DropOpening => Some(&["tenant_id", "id", "lane"]),
        _ => None,
    }
}

/// Adds `row`, or lets it absorb the one that means the same stored row.
pub(super) fn push(part: Part, rows: &mut Vec<Value>, mut row: Value) {
    let Some(key) = key(part) else { return rows.push(row) };
    let is_same = |x: &&mut Value| key.iter().all(|field| x.get(field) == row.get(field));
    let Some(earlier) = rows.iter_mut().find(is_same) else { return rows.push(row) };
    if part == Part::Incident {
        let count = |x: &Value| x["occurrence_count"].as_i64().unwrap_or(1);
        row["occurrence_count"] = Value::from(count(earlier) + count(&row));
    }
    if part == Part::RequestUpdate && row["external_reference"].is_null() {
        row["external_reference"] = earlier["external_reference"].clone();
    }
    *earlier = row;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_incidents_with_one_cause_are_one_row_that_counts_both() {
        let incident = || {
            json!({ "tenant_id": "acme", "kind": "CONTRACT_BREACH", "cause": "BILLING/activate",
                "occurrence_count": 1 })
        };
        let mut rows = vec![incident()];

        push(Part::Incident, &mut rows, incident());

        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["occurrence_count"], 2);
    }

    #[test]
    fn the_later_word_about_a_request_wins_and_keeps_the_reference() {
        let said = |status: &str, reference: Value| {
            json!({ "tenant_id": "acme", "request_id": "r", "status": status,
                "external_reference": reference })
        };
        let mut rows = vec![said("ACCEPTED", json!("EXT-1"))];

        push(Part::RequestUpdate, &mut rows, said("COMPLETED", Value::Null));

        assert_eq!(rows, [said("COMPLETED", json!("EXT-1"))]);
    }

    #[test]
    fn different_rows_stay_apart() {
        let mut rows = vec![json!({ "tenant_id": "acme", "request_id": "a" })];

        push(Part::RequestUpdate, &mut rows, json!({ "tenant_id": "acme", "request_id": "b" }));

        assert_eq!(rows.len(), 2);
    }
}
