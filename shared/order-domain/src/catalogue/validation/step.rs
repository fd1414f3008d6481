//! Checks of one template on its own.

use super::{Kind, Problems};
use crate::calendar::Deadline;
use crate::catalogue::{Catalogue, PointOfNoReturnKind, StepScope, StepTemplate};

/// Adds what is wrong with `template` itself.
pub(super) fn check(
    catalogue: &Catalogue,
    template: &StepTemplate,
    pointer: &str,
    out: &mut Problems,
) {
    if let Some(Deadline::BusinessDays { calendar, .. }) = &template.deadline
        && !catalogue.calendars.contains_key(calendar)
    {
        out.add(format!("{pointer}/deadline"), Kind::UnknownCalendar(calendar.clone()));
    }
    if template.repeat.is_some() && template.scope != StepScope::Line {
        out.add(format!("{pointer}/repeat"), Kind::RepeatOutsideLineScope);
    }
    let is_once_per_line = template.scope == StepScope::Line && template.repeat.is_none();
    if template.step_type.is_billing() && !is_once_per_line {
        out.add(pointer, Kind::BillingNotOncePerLine);
    }
    let reads_line =
        template.when.is_some() || template.payload.values().any(|source| source.is_of_a_line());
    if template.scope == StepScope::Order && reads_line {
        out.add(pointer, Kind::OrderScopeReadsLine);
    }
    let point = &template.point_of_no_return;
    if point.kind == PointOfNoReturnKind::None && point.charge.is_some() {
        out.add(format!("{pointer}/pointOfNoReturn"), Kind::ChargeWithoutPointOfNoReturn);
    }
}
