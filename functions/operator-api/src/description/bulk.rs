//! Bulk actions: prepare, look, and what people do with them.

use api_description::{Link, Operation, Parameter, Patch, Refusal};
use lambda_support::caller::Role;
use lambda_support::problem::ProblemCode;
use order_domain::bulk::{BulkCommand, BulkItemStatus, BulkRefusal, MAX_CANARY};
use order_domain::fallout::FalloutAction;
use order_store::commands::BulkMoved;
use serde_json::{Value, json};

use super::cases::if_match;
use super::{BULK, code, example, keys, names, one_of, refusals, texts};
use crate::bulk_actions::{
    BulkActionDocument, BulkActionList, BulkItemList, MoveRequest, PrepareRequest,
    PreparedDocument, TITLE, status_of,
};
use crate::case_actions;
use crate::parameters::SCOPE;

const ONE: &str = "/bulk-actions/{bulkActionId}";

pub(super) fn prepare() -> Operation {
    Operation::post("/bulk-actions", "prepareBulkAction")
        .says((BULK, "Prepare one action on many cases"), about())
        .allows(case_actions::SCOPE, &[])
        .takes(Parameter::idempotency_key().required())
        .reads::<PrepareRequest>(vec![
            (
                "retry".to_owned(),
                "Everything that met one failure is tried again".to_owned(),
                json!({"action": "retry-step", "reasonCode": "SYSTEM_MENDED",
                    "selection": {"failureSignature": "LOGISTICS/ship-router/NO_STOCK"},
                    "canarySize": 5, "ratePerMinute": 60, "pauseAfterFailures": 20}),
            ),
            (
                "assign".to_owned(),
                "What is overdue goes to somebody".to_owned(),
                json!({"action": "assign", "reasonCode": "SHIFT_CHANGE", "assignedUser": "olga",
                    "selection": {"ownerGroup": "order-operations", "overdue": true}}),
            ),
        ])
        .refuses(keys())
        .refuses(refused(&[
            BulkRefusal::RoleNotAllowed,
            BulkRefusal::ActionNotForMany,
            BulkRefusal::SelectsNothing,
            BulkRefusal::SelectsTooMany,
        ]))
        .answers::<PreparedDocument>(
            "How many cases were selected. The dry run follows within seconds.",
            vec![("prepared", example(include_str!("examples/bulk-prepared.json")))],
        )
        .creates()
        .leads_to(show_link("$response.body#/bulkActionId"))
}

pub(super) fn list() -> Operation {
    Operation::get("/bulk-actions", "listBulkActions")
        .says((BULK, "List bulk actions"), "One page of the tenant's bulk actions, newest first.")
        .allows(SCOPE, &names(Role::ALL))
        .pages()
        .answers::<BulkActionList>(
            "The page.",
            vec![("aPage", example(include_str!("examples/bulk-list.json")))],
        )
        .leads_to(show_link("$response.body#/bulkActions/0/bulkActionId"))
}

pub(super) fn show() -> Operation {
    Operation::get(ONE, "getBulkAction")
        .says(
            (BULK, "Show a bulk action"),
            "Where it is, what the dry run said, and where its cases are: those with one status, \
             forecast and code as one group with up to three samples. `counts` adds up to `total`.",
        )
        .allows(SCOPE, &names(Role::ALL))
        .takes(bulk_action_id())
        .answers::<BulkActionDocument>(
            "The bulk action. `ETag` is its version, for `If-Match` of a command.",
            vec![("canaryEnded", example(include_str!("examples/bulk.json")))],
        )
        .with_header("ETag")
        .leads_to(Link {
            name: "moveBulkAction",
            operation_id: "moveBulkAction",
            parameters: vec![
                ("bulkActionId", "$response.body#/bulkActionId"),
                ("header.If-Match", "$response.header.ETag"),
            ],
            description: "A command on the version that was read.",
        })
}

pub(super) fn items() -> Operation {
    let status = Parameter::query("status", one_of(BulkItemStatus::ALL), json!("FAILED_AGAIN"));
    Operation::get("/bulk-actions/{bulkActionId}/items", "listBulkItems")
        .says(
            (BULK, "List the cases of a bulk action"),
            "One page of its cases in the order of their turn, each with its result after \
             re-execution.",
        )
        .allows(SCOPE, &names(Role::ALL))
        .takes(bulk_action_id())
        .takes(status.says("Only cases with this status."))
        .pages()
        .answers::<BulkItemList>(
            "The page.",
            vec![("aPage", example(include_str!("examples/bulk-items.json")))],
        )
        .leads_to(Link {
            name: "showFalloutCase",
            operation_id: "getFalloutCase",
            parameters: vec![
                ("orderId", "$response.body#/items/0/orderId"),
                ("caseId", "$response.body#/items/0/falloutCaseId"),
            ],
            description: "One of the cases.",
        })
}

pub(super) fn command() -> Operation {
    let command = Parameter::path("command", one_of(BulkCommand::ALL), json!("start"));
    Operation::post("/bulk-actions/{bulkActionId}/{command}", "moveBulkAction")
        .says(
            (BULK, "Start, approve, pause, resume or abort"),
            "`start` tries the first few; `approve` lets the others go and needs a supervisor who \
             did not prepare it; `pause` and `abort` begin nothing more, what was begun gets its \
             result; `resume` goes on where it was.",
        )
        .allows(case_actions::SCOPE, &[])
        .takes(bulk_action_id())
        .takes(command.says("What to do with it."))
        .takes(Parameter::idempotency_key().required())
        .takes(if_match().required())
        .reads::<MoveRequest>(vec![(
            "looksGood".to_owned(),
            "Why".to_owned(),
            json!({"reasonCode": "CANARY_IS_FINE", "note": "Five of five are resolved."}),
        )])
        .refuses(keys())
        .refuses(refusals(&[ProblemCode::PreconditionRequired, ProblemCode::ParameterInvalid]))
        .refuses(refused(&[
            BulkRefusal::RoleNotAllowed,
            BulkRefusal::VersionConflict,
            BulkRefusal::NotPossibleInStatus,
            BulkRefusal::ApproverMustDiffer,
        ]))
        .answers::<BulkMoved>(
            "Where it is now.",
            vec![("moved", example(include_str!("examples/bulk-moved.json")))],
        )
        .leads_to(show_link("$response.body#/bulkActionId"))
}

pub(super) fn patches() -> Vec<Patch> {
    let name = |about: &str| json!({"description": about, "minLength": 1, "maxLength": 100, "pattern": "^[^\\x00]*$"});
    let text =
        || json!({"minLength": 1, "maxLength": 200, "pattern": "^[^\\x00-\\x1F\\x7F-\\x9F]*$"});
    let number = |about: &str, usual: u32, most: u32| json!({"description": about, "minimum": 1, "maximum": most, "default": usual});
    let mut reason = code();
    reason["description"] = json!("Why, as a code of your own.");
    let note = json!({"description": "Why, in words.", "maxLength": 2000});
    let many: Vec<FalloutAction> =
        FalloutAction::ALL.iter().copied().filter(|x| x.is_for_many()).collect();
    let action =
        json!({"description": format!("What to do to each case. Offered: {}.", texts(&many))});
    let mut patches: Vec<Patch> = [
        ("/properties/action", action),
        ("/properties/reasonCode", reason.clone()),
        ("/properties/note", note.clone()),
        ("/properties/targetSystem", name("`replace-target`: who does it instead.")),
        ("/properties/assignedGroup", name("`assign`: to which group.")),
        ("/properties/assignedUser", name("`assign`: to whom.")),
        ("/properties/severity", json!({"description": "`escalate`: how urgent they are."})),
        ("/properties/canarySize", number("How many are tried first.", 5, MAX_CANARY)),
        (
            "/properties/ratePerMinute",
            number("How many a minute, of each target system.", 60, 6000),
        ),
        (
            "/properties/pauseAfterFailures",
            number("After how many failures it pauses.", 20, 10_000),
        ),
    ]
    .map(|(pointer, keywords)| Patch { component: "PrepareRequest", pointer, keywords })
    .into();
    patches.extend(
        [("/properties/reasonCode", reason), ("/properties/note", note)]
            .map(|(pointer, keywords)| Patch { component: "MoveRequest", pointer, keywords }),
    );
    let selected = [
        ("/properties/ownerGroup", text()),
        ("/properties/ownerUser", text()),
        ("/properties/reasonCode", text()),
        ("/properties/failureSignature", text()),
        ("/properties/targetSystem", code()),
    ];
    patches.extend(selected.map(|(pointer, keywords)| Patch {
        component: "Selection",
        pointer,
        keywords,
    }));
    let at_least_one = json!({"minProperties": 1});
    patches.push(Patch { component: "Selection", pointer: "", keywords: at_least_one });
    patches
}

fn refused(refusals: &[BulkRefusal]) -> Vec<Refusal> {
    let described = |x: &BulkRefusal| Refusal {
        status: status_of(*x),
        code: x.code(),
        title: TITLE,
        detail: Some(x.to_string()),
    };
    refusals.iter().map(described).collect()
}

fn bulk_action_id() -> Parameter {
    Parameter::id("bulkActionId", "018f3a5e-7b00-7a10-8000-0000000000b1").says("The bulk action.")
}

fn show_link(id: &'static str) -> Link {
    Link {
        name: "showBulkAction",
        operation_id: "getBulkAction",
        parameters: vec![("bulkActionId", id)],
        description: "Where it is.",
    }
}

fn about() -> String {
    let many: Vec<Value> =
        FalloutAction::ALL.iter().filter(|x| x.is_for_many()).map(|x| json!(x)).collect();
    let many: Vec<String> = many.iter().map(ToString::to_string).collect();
    format!(
        "Selects every open case that fits, at most 10000, and keeps them: what is selected now is \
         what it is about. Nothing is done yet. The dry run says for each case what would happen \
         (`RESEND`, `ADOPT`: asked first, `CHANGE`, or `CANNOT_TELL`) or why it is left out. Then a \
         person starts it on the first few, and after their results a second person lets the others \
         go. Each case is decided again when its turn comes; one that changed meanwhile is left \
         alone (`VERSION_CONFLICT`). Whatever waits for a person ends after 24 hours.\n\n\
         Offered for many: {}. Who may ask is who may ask for one case.",
        many.join(", ")
    )
}
