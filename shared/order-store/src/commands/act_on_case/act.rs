//! An action that was decided, as those who carry it out see it.

use order_domain::fallout::FalloutAction;
use order_domain::ids::FalloutCaseId;

use super::check::NewTarget;
use super::facts::CaseSubject;
use super::input::ActionInput;

/// What is carried out, why, and by whose authority.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act<'a> {
    pub(super) case_id: Option<FalloutCaseId>,
    pub(super) case: &'a CaseSubject,
    /// What is carried out: of an approval, what was asked for.
    pub(super) action: FalloutAction,
    /// Of the one who asked first, where a second person approved.
    pub(super) input: &'a ActionInput,
    /// Settings of the system that `replace-target` names.
    pub(super) target: &'a NewTarget,
    /// Who answers for it: the approver, or who asked where nobody needs to approve.
    pub(super) authority: &'a str,
    pub(super) reason_code: &'a str,
    pub(super) note: Option<&'a str>,
}
