//! Decoding of rows: by name, never panicking, unknown text is an error.

use std::str::FromStr;

use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

use crate::error::StoreError;

/// One row of a named table, for errors that say where.
pub(crate) struct Reader<'a> {
    table: &'static str,
    row: &'a Row,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(table: &'static str, row: &'a Row) -> Self {
        Self { table, row }
    }

    /// A column of a type that PostgreSQL guarantees.
    pub(crate) fn get<T: FromSqlOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|_| StoreError::CorruptRow { table: self.table, column })
    }

    /// A text column that one of our types parses.
    pub(crate) fn parse<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        self.get::<String>(column)?
            .parse()
            .map_err(|_| StoreError::CorruptRow { table: self.table, column })
    }

    /// The same where the column may be null.
    pub(crate) fn parse_optional<T: FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text = self.get::<Option<String>>(column)?;
        let parsed = text.map(|x| x.parse()).transpose();
        parsed.map_err(|_| StoreError::CorruptRow { table: self.table, column })
    }

    /// A count, stored as integer.
    pub(crate) fn count(&self, column: &'static str) -> Result<u32, StoreError> {
        u32::try_from(self.get::<i32>(column)?)
            .map_err(|_| StoreError::CorruptRow { table: self.table, column })
    }

    /// A JSON column that one of our types reads.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        let value: serde_json::Value = self.get(column)?;
        serde_json::from_value(value)
            .map_err(|_| StoreError::CorruptRow { table: self.table, column })
    }

    /// The same where the column may be null, as SQL or as JSON.
    pub(crate) fn optional_json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let value: Option<serde_json::Value> = self.get(column)?;
        serde_json::from_value(value.unwrap_or_default())
            .map_err(|_| StoreError::CorruptRow { table: self.table, column })
    }
}
