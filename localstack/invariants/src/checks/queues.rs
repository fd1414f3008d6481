//! Queues at rest: work queues are empty, and each dead letter has a reason.

use crate::evidence::QueueCount;
use crate::invariant::Invariant as I;
use crate::report::Report;

pub(crate) fn check(queues: &[QueueCount], report: &mut Report) {
    for queue in queues {
        if queue.is_dead_letter {
            let explained: u64 = queue.explained.values().sum();
            report.look(I::I16, queue.messages.max(1));
            if explained < queue.messages {
                let detail = format!("{explained} of {} have a reason", queue.messages);
                report.violate(I::I16, queue.name.clone(), detail);
            }
        } else {
            report.look(I::I15, 1);
            if queue.messages > 0 {
                report.violate(I::I15, queue.name.clone(), format!("{} left", queue.messages));
            }
        }
    }
}
