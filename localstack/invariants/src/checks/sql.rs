//! Running a check that is SQL: one statement says how much there is, one what violates.

use anyhow::{Context, Result};
use serde_json::Value;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::invariant::Invariant;
use crate::report::Report;

/// A check over the tables, with evidence from elsewhere as `$1`.
pub(crate) struct SqlCheck {
    pub(crate) invariant: Invariant,
    /// One number.
    pub(crate) count: &'static str,
    /// Rows of (subject text, detail text).
    pub(crate) violations: &'static str,
}

impl SqlCheck {
    /// Runs it; `evidence` is the parameter of both statements.
    pub(crate) async fn run(
        &self,
        database: &Client,
        evidence: &Value,
        report: &mut Report,
    ) -> Result<()> {
        let what = self.invariant;
        // A statement that needs no evidence takes the parameter all the same.
        let count = format!("with given as (select $1::jsonb) {}", self.count);
        let params = [(evidence as _, Type::JSONB)];
        let rows = database
            .query_typed(&count, &params)
            .await
            .with_context(|| format!("{what} cannot count"))?;
        let looked_at: i64 = rows.first().context("a count")?.try_get(0)?;
        report.look(what, u64::try_from(looked_at)?);
        let violations = format!("with given as (select $1::jsonb) {}", self.violations);
        let rows = database
            .query_typed(&violations, &params)
            .await
            .with_context(|| format!("{what} cannot be checked"))?;
        for row in rows {
            let (subject, detail): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            report.violate(what, subject, detail);
        }
        Ok(())
    }
}
