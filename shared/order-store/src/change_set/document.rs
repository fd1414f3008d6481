//! The parameter of the writing statement: one JSON text, written row by row.
//!
//! A batch of a hundred steps has some twelve hundred rows with fifteen columns each: built as trees
//! of values first, they cost the client more than everything it decides.

use bytes::{BufMut, BytesMut};
use jiff::Timestamp;
use order_domain::characteristic::Characteristics;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};
use uuid::Uuid;

use super::{Part, merge};

/// A row of some part: its columns by name.
pub(crate) trait ChangeRow {
    fn write(&self, columns: &mut Columns<'_>) -> serde_json::Result<()>;
}

/// A column's value. One that is NULL is left out: a column that a row does not name is NULL all the
/// same, and a fifth of the document is saved.
pub(crate) trait Column: Serialize {
    fn is_null(&self) -> bool {
        false
    }
}

macro_rules! columns {
    ($($type:ty),+) => { $(impl Column for $type {})+ };
}

columns! { String, &'static str, Uuid, Timestamp, i32, i64, u32, bool, Vec<String>, Characteristics }

impl Column for Value {
    fn is_null(&self) -> bool {
        Self::is_null(self)
    }
}

impl<T: Column> Column for Option<T> {
    fn is_null(&self) -> bool {
        self.is_none()
    }
}

/// Writes one row as an object.
pub(crate) struct Columns<'a> {
    text: &'a mut Vec<u8>,
    is_first: bool,
}

impl Columns<'_> {
    pub(crate) fn add(&mut self, name: &str, value: &impl Column) -> serde_json::Result<()> {
        if value.is_null() {
            return Ok(());
        }
        self.text.push(if self.is_first { b'{' } else { b',' });
        self.is_first = false;
        serde_json::to_writer(&mut *self.text, name)?;
        self.text.push(b':');
        serde_json::to_writer(&mut *self.text, value)
    }
}

fn write_row(row: &impl ChangeRow, text: &mut Vec<u8>) -> serde_json::Result<()> {
    let mut columns = Columns { text, is_first: true };
    row.write(&mut columns)?;
    if columns.is_first {
        text.push(b'{');
    }
    text.push(b'}');
    Ok(())
}

/// The rows of one part.
#[derive(Debug)]
pub(super) enum PartRows {
    /// Their text, separated by commas.
    Written(Vec<u8>),
    /// Two of them may mean one stored row.
    Merging(Vec<Value>),
}

impl PartRows {
    pub(super) fn of(part: Part) -> Self {
        match merge::key(part) {
            None => Self::Written(Vec::new()),
            Some(_) => Self::Merging(Vec::new()),
        }
    }

    pub(super) fn push(&mut self, part: Part, row: &impl ChangeRow) -> serde_json::Result<()> {
        match self {
            Self::Written(text) => {
                if !text.is_empty() {
                    text.push(b',');
                }
                write_row(row, text)
            }
            Self::Merging(rows) => {
                let mut text = Vec::new();
                write_row(row, &mut text)?;
                merge::push(part, rows, serde_json::from_slice(&text)?);
                Ok(())
            }
        }
    }

    fn write(&self, document: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Self::Written(text) => {
                document.push(b'[');
                document.extend_from_slice(text);
                document.push(b']');
                Ok(())
            }
            Self::Merging(rows) => serde_json::to_writer(document, rows),
        }
    }
}

/// A JSON text as a parameter of type `jsonb`.
#[derive(Debug)]
pub(super) struct Document(Vec<u8>);

impl Document {
    pub(super) fn of(parts: &[(Part, PartRows)]) -> serde_json::Result<Self> {
        let mut text = Vec::new();
        for (index, (part, rows)) in parts.iter().enumerate() {
            text.push(if index == 0 { b'{' } else { b',' });
            serde_json::to_writer(&mut text, part.key())?;
            text.push(b':');
            rows.write(&mut text)?;
        }
        text.push(b'}');
        Ok(Self(text))
    }
}

impl ToSql for Document {
    fn to_sql(
        &self,
        _type: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        // The version of the format, then the text.
        out.put_u8(1);
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    accepts!(JSONB);
    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ChangeSet, DropOpening, NewSnapshot, RequestUpdate};
    use super::*;

    fn document(set: &ChangeSet) -> Value {
        serde_json::from_slice(&Document::of(&set.rows).unwrap().0).unwrap()
    }

    fn request(external_reference: Option<&str>) -> RequestUpdate {
        RequestUpdate {
            tenant_id: "acme".to_owned(),
            request_id: Uuid::nil(),
            status: "SENDING",
            external_reference: external_reference.map(ToOwned::to_owned),
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_document_has_the_rows_of_each_part_without_what_is_null() {
        let mut set = ChangeSet::default();
        let snapshot = |document| NewSnapshot {
            tenant_id: "acme\"\\".to_owned(),
            order_id: Uuid::nil(),
            document,
            digest: String::new(),
            read_at: Timestamp::UNIX_EPOCH,
        };
        set.push(Part::NewSnapshot, &snapshot(json!({"a": null})));
        set.push(Part::NewSnapshot, &snapshot(Value::Null));
        set.push(Part::RequestUpdate, &request(None));

        let id = Uuid::nil();
        let at = "1970-01-01T00:00:00Z";
        let row = json!({"tenant_id": "acme\"\\", "order_id": id, "digest": "", "read_at": at});
        let mut first = row.clone();
        first["document"] = json!({"a": null});
        let update = json!({"tenant_id": "acme", "request_id": id, "status": "SENDING",
            "updated_at": at});
        assert_eq!(
            document(&set),
            json!({"new_snapshot": [first, row], "request_update": [update]})
        );
    }

    #[test]
    fn rows_that_mean_one_stored_row_are_written_once() {
        let mut set = ChangeSet::default();
        set.push(Part::RequestUpdate, &request(Some("EXT-1")));
        set.push(Part::RequestUpdate, &request(None));
        let lane = || DropOpening { tenant_id: "acme".to_owned(), lane: "l".to_owned() };
        set.push(Part::DropOpening, &lane());
        set.push(Part::DropOpening, &lane());

        let document = document(&set);

        assert_eq!(document["request_update"].as_array().unwrap().len(), 1);
        assert_eq!(document["request_update"][0]["external_reference"], "EXT-1");
        assert_eq!(document["drop_opening"].as_array().unwrap().len(), 1);
    }
}
