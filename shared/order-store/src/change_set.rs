//! Everything that one transaction writes, as ONE data-modifying statement.
//!
//! A command decides on loaded rows and pushes what changes into a [`ChangeSet`]; writing it costs
//! one round trip together with COMMIT, whatever the number of orders, steps and events in it.
//! The statement consists of one part per table that has rows; each part reads its rows from one
//! JSON parameter by `jsonb_populate_recordset`, so that a batch needs no other SQL than one order.

mod circuit_parts;
mod document;
mod merge;
mod parts;
mod published_first;
mod rows;

pub(crate) use parts::Part;
pub(crate) use rows::{
    ActionRow, AskAbout, AttemptRow, AuditRow, BillingRow, BulkItems, BulkUpdate, CaseEvidence,
    CaseUpdate, CircuitUpsert, ContradictionAnswer, CorrelationUpdate, CurrentCatalogue,
    DropEngineDeliveries, DropOpening, DropWorkItems, EventRow, HeldIncidentRow, IdempotencyFinish,
    InboxRow, IncidentResolution, IncidentRow, LetGo, LineInformation, LineUpdate, NewBulkAction,
    NewBulkItem, NewCase, NewContradictionQuery, NewIdempotency, NewLine, NewNotification,
    NewOrder, NewPlan, NewRequest, NewSnapshot, NewStep, NewWorkItem, OrderUpdate, OutboxRow,
    PlanUpdate, RequestUpdate, StepUpdate, SystemIsBack, TransitionRow,
};

use document::{ChangeRow, Document, PartRows};
use fault_points::SeededBug;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::tx::{Params, TenantTx, Tx};

/// Rows to write, by part.
#[derive(Debug, Default)]
pub(crate) struct ChangeSet {
    rows: Vec<(Part, PartRows)>,
    failure: Option<serde_json::Error>,
}

impl ChangeSet {
    /// Adds a row to a part.
    pub(crate) fn push(&mut self, part: Part, row: &impl ChangeRow) {
        let place = self.rows.iter().position(|(x, _)| *x == part).unwrap_or_else(|| {
            self.rows.push((part, PartRows::of(part)));
            self.rows.len() - 1
        });
        // A failure is kept until writing, so that decisions stay free of error plumbing.
        if let Err(error) = self.rows[place].1.push(part, row) {
            self.failure = Some(error);
        }
    }

    /// Whether nothing is to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The statement for the parts that have rows, and its parameter.
    fn statement(mut self) -> Result<(String, Document), serde_json::Error> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        self.rows.sort_by_key(|(part, _)| *part);
        let parts: Vec<&str> = self.rows.iter().map(|(part, _)| part.sql()).collect();
        Ok((format!("with {} select 1", parts.join(",\n")), Document::of(&self.rows)?))
    }

    /// Writes everything and commits, in one round trip; without rows it only ends the transaction.
    ///
    /// # Errors
    /// The statement's failure; nothing was written then.
    pub(crate) async fn write(mut self, tx: Tx, operation: &'static str) -> Result<(), StoreError> {
        if self.is_empty() {
            return tx.roll_back().await;
        }
        if SeededBug::PublishBeforeCommit.is_present() {
            self.publish_first(&tx).await?;
        }
        let (sql, document) =
            self.statement().map_err(|source| StoreError::Encode { operation, source })?;
        tx.write_and_commit(operation, &sql, &[(&document, Type::JSONB)]).await?;
        Ok(())
    }
}

impl ChangeSet {
    /// Opens, writes and commits in a single round trip, for what needs no reading before.
    ///
    /// # Errors
    /// The statement's failure; nothing was written then, and `tenant_tx` can be used again.
    pub(crate) async fn write_alone(
        self,
        tenant_tx: &mut TenantTx,
        operation: &'static str,
    ) -> Result<(), StoreError> {
        let (sql, document) =
            self.statement().map_err(|source| StoreError::Encode { operation, source })?;
        let params: Params<'_> = &[(&document, Type::JSONB)];
        let tenant = tenant_tx.tenant.clone();
        tenant_tx.tx.run_once(Some(&tenant), operation, (&sql, params)).await?;
        Ok(())
    }
}

/// The statement with every part, for the test that prepares it.
pub(crate) fn full_statement() -> String {
    let parts: Vec<&str> = Part::ALL.iter().map(|x| x.sql()).collect();
    format!("with {} select 1", parts.join(",\n"))
}
