//! What people may do with a bulk action: one `match (command, status)`.

use super::refusal::BulkRefusal as R;
use super::status::BulkStatus as S;
use crate::actor::Role;
use crate::fallout::FalloutAction;
use crate::text_enum::text_enum;

text_enum! {
    /// What a person does with a bulk action that is prepared.
    BulkCommand {
        /// Try it on the first few.
        Start = "start",
        /// Let the others go.
        Approve = "approve",
        /// Begin nothing more for now.
        Pause = "pause",
        /// Go on.
        Resume = "resume",
        /// Begin nothing more at all.
        Abort = "abort",
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct BulkAsker<'a> {
    /// The roles of the token.
    pub roles: &'a [Role],
    /// Whether it is the person who prepared it.
    pub is_requester: bool,
}

impl BulkAsker<'_> {
    fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// Whoever is at work may stop what harms; only who may act on one case may act on many.
fn is_allowed(command: BulkCommand, action: FalloutAction, asker: BulkAsker<'_>) -> bool {
    match command {
        BulkCommand::Start | BulkCommand::Resume => asker.has_any(action.roles()),
        BulkCommand::Approve => asker.has_any(&[Role::OrderSupervisor]),
        BulkCommand::Pause | BulkCommand::Abort => {
            asker.has_any(&[Role::OrderOperator, Role::OrderSupervisor, Role::PlatformOperator])
        }
    }
}

/// The status afterwards. What the second person let go stays let go over a pause.
///
/// # Errors
/// The refusal, see [`BulkRefusal`](super::BulkRefusal).
pub fn decide_command(
    command: BulkCommand,
    (status, is_approved): (S, bool),
    (action, asker): (FalloutAction, BulkAsker<'_>),
) -> Result<S, R> {
    if !is_allowed(command, action, asker) {
        return Err(R::RoleNotAllowed);
    }
    match (command, status) {
        (BulkCommand::Start, S::Prepared) => Ok(S::Canary),
        (BulkCommand::Approve, S::AwaitingApproval) if asker.is_requester => {
            Err(R::ApproverMustDiffer)
        }
        (BulkCommand::Approve, S::AwaitingApproval) => Ok(S::Running),
        (BulkCommand::Pause, S::Canary | S::Running) => Ok(S::Paused),
        (BulkCommand::Resume, S::Paused) if is_approved => Ok(S::Running),
        (BulkCommand::Resume, S::Paused) => Ok(S::Canary),
        (
            BulkCommand::Abort,
            S::Preparing | S::Prepared | S::Canary | S::AwaitingApproval | S::Running | S::Paused,
        ) => Ok(S::Aborting),
        (BulkCommand::Start | BulkCommand::Approve | BulkCommand::Pause, _)
        | (BulkCommand::Resume | BulkCommand::Abort, _) => Err(R::NotPossibleInStatus),
    }
}

#[cfg(test)]
mod tests;
