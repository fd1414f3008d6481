//! Which role may run which entry of the store; every other pair is tried, refused and writes nothing.
//!
//! The matrix is reviewed like a snapshot: a line that grows is a role that may do more. A role that
//! has all the grants of a command that is not its own stands there by name, with the reason.

mod world;

use std::collections::BTreeSet;
use std::path::Path;

use self::world::{Entry, World};

/// Who runs an entry, who could as well, and for whom it is empty.
struct Line {
    entry: Entry,
    /// Those whose code calls it.
    may: &'static [&'static str],
    /// Those whose own commands need the same grants on the same tables: SQL cannot tell them apart.
    has_the_grants: &'static [&'static str],
    /// Those that may read or lock the tables, but see no row, and so write none.
    sees_nothing: &'static [&'static str],
}

const fn own(entry: Entry, may: &'static [&'static str]) -> Line {
    Line { entry, may, has_the_grants: &[], sees_nothing: &[] }
}

const INTAKE: &str = "oms_order_intake";
const VALIDATE: &str = "oms_order_validate_readiness";
const DECOMPOSE: &str = "oms_order_decompose";
const PLAN: &str = "oms_order_create_fulfillment_plan";
const START: &str = "oms_fulfillment_execute_ready_steps";
const REVIEW: &str = "oms_fulfillment_review_overdue_plan";
const BILLING: &str = "oms_billing_activate";
const COMPLETE: &str = "oms_order_complete";
const ESCALATE: &str = "oms_order_escalate_fallout";
const NOTIFY: &str = "oms_notification_send_order_update";
const EXECUTOR: &str = "oms_fulfillment_step_executor";
const CALLBACKS: &str = "oms_callback_processor";
const RECONCILE: &str = "oms_reconciliation";
const RELAY: &str = "oms_outbox_relay";
const OPERATOR: &str = "oms_operator_api";
const BULK: &str = "oms_bulk_recovery";

const MATRIX: &[Line] = &[
    own(Entry::ClaimIntakeKey, &[INTAKE]),
    own(Entry::ReleaseIntakeKey, &[INTAKE]),
    own(Entry::RefuseOrder, &[INTAKE]),
    own(Entry::CreateOrder, &[INTAKE]),
    // It writes the order, its journal and its deliveries: what every milestone writes. The other
    // milestones each write a table more, and are told apart by it. People's actions declare orders
    // ready, bill later, and settle steps, lines and plans: the tables of three milestones.
    Line {
        entry: Entry::ValidateReadiness,
        may: &[VALIDATE],
        has_the_grants: &[BILLING, COMPLETE, DECOMPOSE, OPERATOR, PLAN, REVIEW, START, BULK],
        sees_nothing: &[],
    },
    own(Entry::Decompose, &[DECOMPOSE]),
    own(Entry::CreateFulfillmentPlan, &[PLAN]),
    Line {
        entry: Entry::StartFulfillment,
        may: &[START],
        has_the_grants: &[OPERATOR, BULK],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::SettleBilling,
        may: &[BILLING],
        has_the_grants: &[OPERATOR],
        sees_nothing: &[],
    },
    // Giving an order up schedules the customer's word, as completing it does.
    Line {
        entry: Entry::CompleteOrder,
        may: &[COMPLETE],
        has_the_grants: &[OPERATOR],
        sees_nothing: &[],
    },
    own(Entry::BeginNotifications, &[NOTIFY]),
    own(Entry::RecordNotification, &[NOTIFY]),
    // The roles of one tenant's process read steps and lock orders; across tenants they see none.
    Line {
        entry: Entry::BeginStepAttempts,
        may: &[EXECUTOR],
        has_the_grants: &[],
        sees_nothing: &[BILLING, ESCALATE, OPERATOR, REVIEW, START, BULK],
    },
    Line {
        entry: Entry::RecordAnswers,
        may: &[CALLBACKS, EXECUTOR, RECONCILE],
        has_the_grants: &[],
        sees_nothing: &[BULK, OPERATOR],
    },
    own(Entry::RecordCallbacks, &[CALLBACKS, RECONCILE]),
    // A check claims a step, as recording an answer releases it: the same columns of the same tables.
    Line {
        entry: Entry::BeginStepChecks,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR],
        sees_nothing: &[BILLING, ESCALATE, OPERATOR, REVIEW, START, BULK],
    },
    Line {
        entry: Entry::RestoreNextEvents,
        may: &[RECONCILE],
        has_the_grants: &[],
        sees_nothing: &[OPERATOR],
    },
    // Reconciliation writes the journal of actions too, and no answers under keys.
    own(Entry::ActOnCase, &[BULK, OPERATOR]),
    // People prepare and move bulk actions; the worker advances them. Both write the same rows.
    own(Entry::PrepareBulkAction, &[OPERATOR]),
    own(Entry::MoveBulkAction, &[OPERATOR]),
    Line {
        entry: Entry::AdvanceBulkAction,
        may: &[BULK],
        has_the_grants: &[OPERATOR],
        sees_nothing: &[],
    },
    // Reads of orders with their steps and cases, by roles that read them.
    Line {
        entry: Entry::ForeseeActions,
        may: &[BULK],
        has_the_grants: &[
            BILLING, CALLBACKS, ESCALATE, EXECUTOR, OPERATOR, RECONCILE, REVIEW, START,
        ],
        sees_nothing: &[],
    },
    // Whoever keeps answers under keys reads them.
    Line {
        entry: Entry::RecallAction,
        may: &[BULK],
        has_the_grants: &[
            BILLING, COMPLETE, DECOMPOSE, ESCALATE, INTAKE, OPERATOR, PLAN, REVIEW, START, VALIDATE,
        ],
        sees_nothing: &[],
    },
    // Only the worker sees bulk actions of every tenant, and only it keeps the pace.
    Line { entry: Entry::TakeTurns, may: &[BULK], has_the_grants: &[], sees_nothing: &[OPERATOR] },
    Line {
        entry: Entry::ListSelected,
        may: &[BULK],
        has_the_grants: &[OPERATOR],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::KeepForecasts,
        may: &[BULK],
        has_the_grants: &[OPERATOR],
        sees_nothing: &[],
    },
    own(Entry::ClaimItems, &[BULK]),
    Line { entry: Entry::KeepActs, may: &[BULK], has_the_grants: &[OPERATOR], sees_nothing: &[] },
    Line {
        entry: Entry::FollowItems,
        may: &[BULK],
        has_the_grants: &[OPERATOR],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::FindBulkAction,
        may: &[OPERATOR],
        has_the_grants: &[BULK],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::ListBulkActions,
        may: &[OPERATOR],
        has_the_grants: &[BULK],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::ListBulkItems,
        may: &[OPERATOR],
        has_the_grants: &[BULK],
        sees_nothing: &[],
    },
    // Reads of steps, by roles that read steps.
    Line {
        entry: Entry::ListDueSteps,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR],
        sees_nothing: &[BILLING, ESCALATE, OPERATOR, REVIEW, START, BULK],
    },
    // An answer that makes steps READY owes their dispatch: the same insert, the same update.
    Line {
        entry: Entry::RedispatchOverdue,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR],
        sees_nothing: &[OPERATOR, BULK],
    },
    Line {
        entry: Entry::FindStranded,
        may: &[RECONCILE],
        has_the_grants: &[],
        sees_nothing: &[OPERATOR],
    },
    Line {
        entry: Entry::OweLostStarts,
        may: &[RECONCILE],
        has_the_grants: &[],
        sees_nothing: &[OPERATOR],
    },
    own(Entry::ClaimDueDeliveries, &[RELAY]),
    // Settling a case takes back the opening that nobody has heard of, so they may delete deliveries;
    // without a claim there is no lease to delete under, and only the relay may claim.
    Line {
        entry: Entry::DeleteDelivered,
        may: &[RELAY],
        has_the_grants: &[CALLBACKS, EXECUTOR, RECONCILE],
        sees_nothing: &[OPERATOR, BULK],
    },
    own(Entry::RescheduleDelivery, &[RELAY]),
    own(Entry::BuryDelivery, &[RELAY]),
    // Whoever may delete a delivery reads it.
    Line {
        entry: Entry::CountOwed,
        may: &[RELAY],
        has_the_grants: &[CALLBACKS, EXECUTOR, RECONCILE],
        sees_nothing: &[OPERATOR, BULK],
    },
    // Reconciliation repairs correlations, and inserts one where it was lost.
    Line {
        entry: Entry::ClaimStart,
        may: &[RELAY],
        has_the_grants: &[RECONCILE],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::MarkRunning,
        may: &[RELAY],
        has_the_grants: &[RECONCILE],
        sees_nothing: &[],
    },
    // Reconciliation keeps the verdicts of callbacks that it matches again.
    Line {
        entry: Entry::KeepMalformed,
        may: &[CALLBACKS],
        has_the_grants: &[RECONCILE],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::FindRequestsOfReferences,
        may: &[CALLBACKS],
        has_the_grants: &[EXECUTOR, RECONCILE, RELAY],
        sees_nothing: &[BILLING, ESCALATE, OPERATOR, REVIEW, START, BULK],
    },
    // Both write the inbox: one what comes, the other what is matched again or given up.
    Line {
        entry: Entry::KeepUnreferenced,
        may: &[CALLBACKS],
        has_the_grants: &[RECONCILE],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::ClaimUnmatched,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS],
        sees_nothing: &[],
    },
    own(Entry::ExposeForeign, &[CALLBACKS, RECONCILE]),
    Line {
        entry: Entry::GiveUp,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS],
        sees_nothing: &[],
    },
    // Recording an answer looks for what the inbox knows.
    Line {
        entry: Entry::ListOrphans,
        may: &[OPERATOR],
        has_the_grants: &[CALLBACKS, EXECUTOR, RECONCILE],
        sees_nothing: &[],
    },
    own(Entry::ClaimContradictionChecks, &[RECONCILE]),
    // Every milestone locks and loads orders; across tenants it sees none, and writes nothing then.
    Line {
        entry: Entry::RecordContradictionFindings,
        may: &[RECONCILE],
        has_the_grants: &[],
        sees_nothing: &[
            BILLING, COMPLETE, DECOMPOSE, ESCALATE, OPERATOR, PLAN, REVIEW, START, VALIDATE, BULK,
        ],
    },
    // The settings come with the steps of every command that loads them.
    Line {
        entry: Entry::FindTargetSystem,
        may: &[CALLBACKS],
        has_the_grants: &[EXECUTOR, RECONCILE],
        sees_nothing: &[BILLING, ESCALATE, NOTIFY, OPERATOR, REVIEW, START, BULK],
    },
    // Whoever works on an order reads its row.
    Line {
        entry: Entry::FindOrderReference,
        may: &[VALIDATE],
        has_the_grants: &[
            BILLING, CALLBACKS, COMPLETE, DECOMPOSE, ESCALATE, EXECUTOR, INTAKE, NOTIFY, OPERATOR,
            PLAN, RECONCILE, REVIEW, START, BULK,
        ],
        sees_nothing: &[],
    },
    // Reconciliation asks whether the customer still waits for a word.
    Line {
        entry: Entry::NextOpenCommunication,
        may: &[NOTIFY],
        has_the_grants: &[OPERATOR, RECONCILE],
        sees_nothing: &[],
    },
    // Only reconciliation reads orders, deliveries and correlations together.
    own(Entry::ClaimChecks, &[RECONCILE]),
    // The relay opens incidents too, and writes correlations when it starts a process.
    Line {
        entry: Entry::PutOffCheck,
        may: &[RECONCILE],
        has_the_grants: &[RELAY],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::MarkEnded,
        may: &[RECONCILE],
        has_the_grants: &[RELAY],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::AdoptProcess,
        may: &[RECONCILE],
        has_the_grants: &[RELAY],
        sees_nothing: &[],
    },
    Line { entry: Entry::CheckNow, may: &[RELAY], has_the_grants: &[RECONCILE], sees_nothing: &[] },
    // The read model shows the correlations of one tenant.
    Line {
        entry: Entry::FindCorrelationStatus,
        may: &[RELAY],
        has_the_grants: &[RECONCILE],
        sees_nothing: &[OPERATOR],
    },
    // A report is of an order whose process is known: nobody else reads correlations and opens incidents.
    own(Entry::RecordEngineReport, &[RECONCILE, RELAY]),
    // Whoever opens an incident may bring it up to date; who works for one tenant sees none here.
    Line {
        entry: Entry::ResolveUnseenReports,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR, RELAY],
        sees_nothing: &[DECOMPOSE, NOTIFY, OPERATOR],
    },
    Line {
        entry: Entry::ResolveReportsOfOrders,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR, RELAY],
        sees_nothing: &[DECOMPOSE, NOTIFY, OPERATOR],
    },
    // Recording an answer opens cases, and takes back deliveries that nobody has heard of.
    Line {
        entry: Entry::ListCasesOfOrders,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR],
        sees_nothing: &[OPERATOR, BULK],
    },
    // An answer that completes the plan owes the same message.
    Line {
        entry: Entry::RepeatPlanMessages,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR],
        sees_nothing: &[OPERATOR, BULK],
    },
    own(Entry::RestartProcess, &[RECONCILE]),
    // Releasing a plan writes its steps, and may open a case.
    Line {
        entry: Entry::ReviewOverduePlan,
        may: &[REVIEW],
        has_the_grants: &[START],
        sees_nothing: &[],
    },
    // People escalate too, and reconciliation finds what no timer asked about.
    Line {
        entry: Entry::EscalateOverdueCase,
        may: &[ESCALATE],
        has_the_grants: &[OPERATOR, BULK],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::EscalateOverdueCases,
        may: &[RECONCILE],
        has_the_grants: &[],
        sees_nothing: &[BILLING, ESCALATE, OPERATOR, REVIEW, START, BULK],
    },
    // Settling a step closes its case, and who may close one reads them.
    Line {
        entry: Entry::ListOverdueCases,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR],
        sees_nothing: &[
            BILLING, COMPLETE, DECOMPOSE, ESCALATE, OPERATOR, PLAN, REVIEW, START, VALIDATE, BULK,
        ],
    },
    // Whoever records answers opens cases, holds steps by incidents, and closes both.
    Line {
        entry: Entry::FollowEngineIncidents,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR],
        sees_nothing: &[DECOMPOSE, OPERATOR],
    },
    Line {
        entry: Entry::ListUnfollowed,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR],
        sees_nothing: &[DECOMPOSE, OPERATOR],
    },
    // It lets steps of any order go: nobody else may write incidents, steps and the tenant's chain.
    own(Entry::ResolveIncident, &[OPERATOR]),
    // Whoever holds steps by incidents reads both.
    Line {
        entry: Entry::ListIncidents,
        may: &[OPERATOR],
        has_the_grants: &[CALLBACKS, EXECUTOR, RECONCILE, RELAY],
        sees_nothing: &[],
    },
    // Who counts answers may write circuits, and an answer that makes steps READY owes their dispatch.
    Line {
        entry: Entry::MoveCircuits,
        may: &[RECONCILE],
        has_the_grants: &[EXECUTOR],
        sees_nothing: &[OPERATOR],
    },
    // The circuits come with the steps of every command that loads them.
    Line {
        entry: Entry::ListDueCircuits,
        may: &[RECONCILE],
        has_the_grants: &[CALLBACKS, EXECUTOR],
        sees_nothing: &[BULK, BILLING, ESCALATE, OPERATOR, REVIEW, START],
    },
    // Nobody else writes circuits and the tenant's chain.
    own(Entry::HoldSystem, &[OPERATOR]),
    own(Entry::ReleaseSystem, &[OPERATOR]),
    Line {
        entry: Entry::ListSystems,
        may: &[OPERATOR],
        has_the_grants: &[BULK, BILLING, CALLBACKS, ESCALATE, EXECUTOR, RECONCILE, REVIEW, START],
        sees_nothing: &[],
    },
    // Reconciliation reads whatever tells where an order is.
    Line {
        entry: Entry::ListOrders,
        may: &[OPERATOR],
        has_the_grants: &[RECONCILE],
        sees_nothing: &[],
    },
    // Whoever opens cases of steps reads both.
    Line {
        entry: Entry::ListCases,
        may: &[OPERATOR],
        has_the_grants: &[BILLING, CALLBACKS, ESCALATE, EXECUTOR, RECONCILE, REVIEW, START, BULK],
        sees_nothing: &[],
    },
    // Whoever opens cases reads them.
    Line {
        entry: Entry::ListSignatures,
        may: &[OPERATOR],
        has_the_grants: &[
            BILLING, CALLBACKS, COMPLETE, DECOMPOSE, ESCALATE, EXECUTOR, PLAN, RECONCILE, REVIEW,
            START, VALIDATE, BULK,
        ],
        sees_nothing: &[],
    },
    own(Entry::FindOrder, &[OPERATOR]),
    own(Entry::FindCase, &[OPERATOR]),
    // Whoever repairs orders reads what explains them.
    Line {
        entry: Entry::ExplainOrder,
        may: &[OPERATOR],
        has_the_grants: &[RECONCILE],
        sees_nothing: &[],
    },
    // Nobody else may write versions; orders are decomposed with what they say.
    own(Entry::ApplyCatalogueOverHttp, &[OPERATOR]),
    Line {
        entry: Entry::ListCatalogues,
        may: &[OPERATOR],
        has_the_grants: &[DECOMPOSE],
        sees_nothing: &[],
    },
    Line {
        entry: Entry::FindCatalogue,
        may: &[OPERATOR],
        has_the_grants: &[DECOMPOSE],
        sees_nothing: &[],
    },
    // Configuration is loaded by the owner of the schema.
    own(Entry::ApplyCatalogue, &[]),
    own(Entry::ApplyTargetSystems, &[]),
];

/// Roles that may do anything at all here; roles belong to the cluster, grants to the database.
async fn roles(world: &World) -> Vec<String> {
    let sql = "select distinct grantee::text as role from information_schema.role_table_grants
        where grantee like 'oms\\_%' and grantee not in ('oms_owner', 'oms_system') order by 1";
    let rows = world.stage.db.rows(sql, &[]).await;
    rows.iter().map(|row| row.try_get("role").expect("a name")).collect()
}

fn is_in(line: &Line, role: &str) -> bool {
    [line.may, line.has_the_grants, line.sees_nothing].concat().contains(&role)
}

#[tokio::test]
async fn every_other_pair_of_role_and_entry_is_refused_and_writes_nothing() {
    let mut wrong = Vec::new();
    for line in MATRIX {
        let world = World::before(line.entry).await;
        let before = world.contents().await;
        let found_before = wrong.len();
        for role in roles(&world).await.iter().filter(|x| !is_in(line, x)) {
            let tried = world.attempt(line.entry, &world.stage.db.store(role).await).await;
            if !tried.as_ref().is_err_and(order_store::StoreError::is_forbidden) {
                wrong.push(format!("{role} {}: {tried:?}", line.entry.name()));
                break;
            }
        }
        // Whoever was let in may write; that is reported below.
        if wrong.len() == found_before && world.contents().await != before {
            wrong.push(format!("{}: a refused role wrote", line.entry.name()));
        }
        world.stage.db.finish().await;
    }
    assert!(wrong.is_empty(), "not refused:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_pair_of_the_matrix_gets_past_permissions() {
    let mut wrong = Vec::new();
    for line in MATRIX {
        for role in [line.may, line.has_the_grants].concat() {
            let world = World::before(line.entry).await;
            let tried = world.attempt(line.entry, &world.stage.db.store(role).await).await;
            if tried.is_err() {
                wrong.push(format!("{role} {}: {tried:?}", line.entry.name()));
            }
            world.stage.db.finish().await;
        }
        if !line.sees_nothing.is_empty() {
            let world = World::before(line.entry).await;
            let before = world.contents().await;
            for role in line.sees_nothing {
                let tried = world.attempt(line.entry, &world.stage.db.store(role).await).await;
                if tried.is_err() || world.contents().await != before {
                    wrong.push(format!("{role} {}: {tried:?} or it wrote", line.entry.name()));
                }
            }
            world.stage.db.finish().await;
        }
    }
    assert!(wrong.is_empty(), "not as the matrix says:\n{}", wrong.join("\n"));
}

#[test]
fn every_public_entry_of_the_store_stands_in_the_matrix() {
    let mut found = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let listed: BTreeSet<String> = MATRIX.iter().map(|x| x.entry.name().to_owned()).collect();

    assert_eq!(listed.len(), MATRIX.len(), "an entry stands there twice");
    assert_eq!(MATRIX.len(), Entry::ALL.len());
    assert_eq!(found, listed);
}

/// `file::function` of every public async function, which is how a transaction is used up.
fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for file in std::fs::read_dir(folder).expect("a folder of the crate") {
        let path = file.expect("an entry of it").path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, found);
        } else if !matches!(stem.as_str(), "pool" | "migrate") {
            let source = std::fs::read_to_string(&path).expect("a source file");
            let names = source.lines().filter_map(|x| x.strip_prefix("pub async fn "));
            found
                .extend(names.map(|x| {
                    format!("{stem}::{}", x.split(['(', '<']).next().unwrap_or_default())
                }));
        }
    }
}
