//! Every public entry of the store, tried by any role at a moment when it has something to write.
#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

mod bulk;
mod circuits;
mod overdue_cases;
mod processes;

use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_domain::catalogue::SeenCatalogue;
use order_domain::fallout::FalloutAction;
use order_domain::ids::{FalloutCaseId, FulfillmentStepId, IncidentId};
use order_domain::step::AnswerSource;
use order_domain::step::answer::StepAnswer;
use order_store::commands::{
    self, ActOutcome, ActionInput, ApplyCatalogue, ApplyCatalogueOutcome, BeginAttempt,
    CallbackReceipt, KeyClaim, NotificationAttempt, NotificationResult, ResolveIncident,
    ResolveIncidentOutcome, StepAttempt, StepCheckRef, StepOutcome, StepSubject,
};
use order_store::outbox::{self, Burial, ClaimedMessage, PutOff};
use order_store::read_model::{self, CaseFilter, IncidentFilter, OrderFilter};
use order_store::{
    CommandContext, Store, StoreError, TenantTx, catalogue, correlation, due_steps, inbox,
    liveness, order_reference, target_system,
};
use serde_json::json;
use test_support::stage::Stage;
use test_support::{READY, order_draft};
use uuid::Uuid;

use crate::journey::{completed, outcome_of};

const LEASE: SignedDuration = SignedDuration::from_secs(60);
const PROCESS: &str = "order-fulfillment";

macro_rules! entries {
    ($($variant:ident = $name:literal,)+) => {
        /// One public entry of the store, named by its file and function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Entry { $($variant),+ }

        impl Entry {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

entries! {
    ClaimIntakeKey = "key::claim_intake_key",
    ReleaseIntakeKey = "key::release_intake_key",
    RefuseOrder = "key::refuse_order",
    CreateOrder = "create_order::create_order_from_quote",
    ValidateReadiness = "validate_readiness::validate_readiness",
    Decompose = "decompose::decompose",
    CreateFulfillmentPlan = "create_fulfillment_plan::create_fulfillment_plan",
    StartFulfillment = "start_fulfillment::start_fulfillment",
    SettleBilling = "settle_billing::settle_billing",
    CompleteOrder = "complete_order::complete_order",
    BeginNotifications = "notification::begin_notifications",
    RecordNotification = "notification::record_notification",
    BeginStepAttempts = "begin_step_attempt::begin_step_attempts",
    RecordAnswers = "record_step_outcome::record_step_outcomes",
    RecordCallbacks = "apart::record_each_step_outcome",
    BeginStepChecks = "begin_step_check::begin_step_checks",
    RestoreNextEvents = "restore_next_event::restore_next_events",
    ActOnCase = "act_on_case::act_on_case",
    PrepareBulkAction = "prepare::prepare_bulk_action",
    MoveBulkAction = "person::move_bulk_action",
    AdvanceBulkAction = "advance::advance_bulk_action",
    ForeseeActions = "many::foresee_actions",
    RecallAction = "many::recall_action",
    TakeTurns = "live::take_turns",
    ListSelected = "dry_run::list_selected",
    KeepForecasts = "dry_run::keep_forecasts",
    ClaimItems = "claim::claim_items",
    KeepActs = "results::keep_acts",
    FollowItems = "results::follow_items",
    FindBulkAction = "bulk_view::find_bulk_action",
    ListBulkActions = "bulk_view::list_bulk_actions",
    ListBulkItems = "bulk_items::list_bulk_items",
    ListDueSteps = "due_steps::list_due",
    RedispatchOverdue = "due_steps::redispatch_overdue",
    FindStranded = "liveness::find_stranded",
    OweLostStarts = "liveness::owe_lost_starts",
    ClaimDueDeliveries = "claim::claim_due",
    DeleteDelivered = "outbox::delete_delivered",
    RescheduleDelivery = "undelivered::reschedule",
    BuryDelivery = "undelivered::bury",
    CountOwed = "outbox::count_owed",
    ClaimStart = "correlation::claim_start",
    MarkRunning = "correlation::mark_running",
    KeepMalformed = "inbox::keep_malformed",
    FindRequestsOfReferences = "unmatched::find_requests_of_references",
    KeepUnreferenced = "unmatched::keep_unreferenced",
    ClaimUnmatched = "unmatched::claim_unmatched",
    ExposeForeign = "orphan::expose_foreign",
    GiveUp = "orphan::give_up",
    ListOrphans = "orphan::list_orphans",
    ClaimContradictionChecks = "contradiction::claim_contradiction_checks",
    RecordContradictionFindings = "contradiction::record_contradiction_findings",
    FindTargetSystem = "target_system::find",
    FindOrderReference = "order_reference::find",
    NextOpenCommunication = "order_reference::next_open_communication",
    ClaimChecks = "check::claim_checks",
    PutOffCheck = "check::put_off",
    MarkEnded = "check::mark_ended",
    AdoptProcess = "check::adopt",
    CheckNow = "check::check_now",
    FindCorrelationStatus = "check::find_status",
    RecordEngineReport = "engine_report::record",
    ResolveUnseenReports = "engine_report::resolve_unseen",
    ResolveReportsOfOrders = "engine_report::resolve_of_orders",
    ListCasesOfOrders = "engine_report::list_cases_of_orders",
    RepeatPlanMessages = "repeat::repeat_plan_messages",
    RestartProcess = "restart_process::restart_process",
    ReviewOverduePlan = "review_overdue_plan::review_overdue_plan",
    EscalateOverdueCase = "escalate_overdue_case::escalate_overdue_case",
    EscalateOverdueCases = "escalate_overdue_case::escalate_overdue_cases",
    ListOverdueCases = "overdue_cases::list_overdue",
    FollowEngineIncidents = "follow_engine_incidents::follow_engine_incidents",
    ListUnfollowed = "follow_engine_incidents::list_unfollowed",
    ResolveIncident = "resolve_incident::resolve_incident",
    ListIncidents = "incident_list::list_incidents",
    MoveCircuits = "move_circuits::move_circuits",
    ListDueCircuits = "circuit::list_due",
    HoldSystem = "hold_system::hold_system",
    ReleaseSystem = "hold_system::release_system",
    ListSystems = "system_list::list_systems",
    ListOrders = "order_list::list_orders",
    ListCases = "case_list::list_cases",
    ListSignatures = "signature_list::list_signatures",
    FindOrder = "find_order::find_order",
    FindCase = "find_case::find_case",
    ExplainOrder = "explain::explain_order",
    ApplyCatalogueOverHttp = "apply_catalogue::apply_catalogue",
    ListCatalogues = "catalogue_list::list_catalogues",
    FindCatalogue = "catalogue_list::find_catalogue",
    ApplyCatalogue = "catalogue::apply",
    ApplyTargetSystems = "target_system::apply",
}

/// An order, and what whoever held it before left for the next one.
pub(crate) struct World {
    pub(crate) stage: Stage,
    lease_epoch: i64,
    messages: Vec<ClaimedMessage>,
    attempts: Vec<StepAttempt>,
    notifications: Vec<NotificationAttempt>,
}

impl World {
    /// The moment at which `entry` is called for; everything before it was done by the right roles.
    pub(crate) async fn before(entry: Entry) -> Self {
        let stage = Stage::placed(1).await;
        let (messages, attempts, notifications) = (Vec::new(), Vec::new(), Vec::new());
        let mut world = Self { stage, lease_epoch: 0, messages, attempts, notifications };
        world.claim_key_and_messages(entry).await;
        world.advance_to(entry).await;
        world
    }

    async fn claim_key_and_messages(&mut self, entry: Entry) {
        if matches!(entry, Entry::ReleaseIntakeKey | Entry::RefuseOrder | Entry::CreateOrder) {
            let tx = self.store("oms_order_intake").await.tenant_tx(&self.stage.tenant).await;
            let claim = commands::claim_intake_key(tx.unwrap(), &self.ctx(), "f", LEASE).await;
            let Ok(KeyClaim::Claimed { lease_epoch }) = claim else { panic!("{claim:?}") };
            self.lease_epoch = lease_epoch;
        }
        if matches!(entry, Entry::DeleteDelivered | Entry::RescheduleDelivery | Entry::BuryDelivery)
        {
            let tx = self.store("oms_outbox_relay").await.system_tx().await.unwrap();
            let claimed = outbox::claim_due(tx, self.stage.now(), 10, ("relay", LEASE)).await;
            self.messages = claimed.unwrap();
        }
        if entry == Entry::MarkRunning {
            self.run_right(Entry::ClaimStart, "oms_outbox_relay").await;
        }
    }

    async fn advance_to(&mut self, entry: Entry) {
        let milestones = [
            (Entry::ValidateReadiness, "oms_order_validate_readiness"),
            (Entry::Decompose, "oms_order_decompose"),
            (Entry::CreateFulfillmentPlan, "oms_order_create_fulfillment_plan"),
            (Entry::StartFulfillment, "oms_fulfillment_execute_ready_steps"),
        ];
        let ends = [
            (Entry::SettleBilling, "oms_billing_activate"),
            (Entry::CompleteOrder, "oms_order_complete"),
            (Entry::BeginNotifications, "oms_notification_send_order_update"),
        ];
        let step_entry = needs_steps(entry);
        let is_end = |x: &Entry| ends.iter().any(|(end, _)| end == x);
        let is_late = is_end(&entry)
            || matches!(entry, Entry::RecordNotification | Entry::NextOpenCommunication);
        let is_milestone = milestones.iter().any(|(x, _)| *x == entry);
        if !(step_entry || is_late || is_milestone) {
            return self.arrange(entry).await;
        }
        for (milestone, role) in milestones {
            if milestone == entry {
                return;
            }
            self.run_right(milestone, role).await;
        }
        if is_late {
            self.fulfil().await;
            for (end, role) in ends {
                if end == entry
                    || (end == Entry::BeginNotifications && entry != Entry::RecordNotification)
                {
                    return;
                }
                self.run_right(end, role).await;
            }
            return;
        }
        if !matches!(
            entry,
            Entry::BeginStepAttempts
                | Entry::RedispatchOverdue
                | Entry::RestoreNextEvents
                | Entry::MoveCircuits
        ) {
            self.attempts = self.stage.claim().await;
        }
        self.arrange(entry).await;
    }

    /// What takes time, or a defect, to come about.
    async fn arrange(&self, entry: Entry) {
        let db = &self.stage.db;
        match entry {
            Entry::BeginStepChecks | Entry::ListDueSteps => {
                let expire =
                    "update fulfillment_step set leased_until = now() - interval '1 minute'
                     where leased_until is not null";
                db.execute(expire).await;
            }
            Entry::RedispatchOverdue => {
                let overdue = "delete from outbox_message;
                     update fulfillment_step set next_attempt_at = now() - interval '1 hour'
                     where status = 'READY'";
                db.execute(overdue).await;
            }
            Entry::MoveCircuits
            | Entry::ListDueCircuits
            | Entry::HoldSystem
            | Entry::ReleaseSystem
            | Entry::ListSystems => self.open_circuit().await,
            Entry::OweLostStarts => db.execute("delete from outbox_message").await,
            Entry::RestoreNextEvents => {
                let strand = "delete from outbox_message;
                     update fulfillment_step set status = 'PENDING', next_attempt_at = null";
                db.execute(strand).await;
            }
            Entry::ClaimUnmatched | Entry::ExposeForeign | Entry::GiveUp | Entry::ListOrphans => {
                self.keep_unmatched(entry).await;
            }
            Entry::ClaimContradictionChecks | Entry::RecordContradictionFindings => {
                self.contradict().await;
            }
            Entry::ResolveIncident | Entry::ListIncidents => {
                let refused = StepAnswer::Refused { detail: "status 401".to_owned() };
                self.answer(&refused).await;
            }
            _ if is_bulk(entry) => {
                let rejected =
                    StepAnswer::Rejected { code: "NO".to_owned(), external_reference: None };
                self.answer(&rejected).await;
                self.arrange_bulk(entry).await;
            }
            Entry::ActOnCase
            | Entry::EscalateOverdueCase
            | Entry::EscalateOverdueCases
            | Entry::ListOverdueCases => {
                let rejected =
                    StepAnswer::Rejected { code: "NO".to_owned(), external_reference: None };
                self.answer(&rejected).await;
                db.execute("update order_fallout_case set due_at = now() - interval '1 hour'")
                    .await;
            }
            _ => self.arrange_process(entry).await,
        }
    }

    /// The target system answers the first attempt.
    async fn answer(&self, answer: &StepAnswer) {
        let batch = [outcome_of(&self.attempts[0], answer)];
        let tx = self.store("oms_fulfillment_step_executor").await.system_tx().await;
        let done = commands::record_step_outcomes(tx.unwrap(), &self.ctx(), &batch).await;
        assert_eq!(done.unwrap().len(), 1);
    }

    /// A callback of another system names a request of LOGISTICS, or nobody's.
    async fn keep_unmatched(&self, entry: Entry) {
        let request = self.attempts.first().map(|x| x.request_id.as_uuid());
        let waits = if entry == Entry::ListOrphans { "null" } else { "now() - interval '1 hour'" };
        let sql = format!(
            "insert into inbox_message (tenant_id, system, message_id, digest, verdict, request_id,
                 next_match_at, received_at, applied_at)
             values ('{}', 'BILLING', 'm-1', '0', 'UNMATCHED', '{}', {waits},
                 now() - interval '1 hour', now())",
            self.stage.tenant,
            request.unwrap_or_else(Uuid::now_v7)
        );
        self.stage.db.execute(&sql).await;
    }

    /// A step is done, and then refused.
    async fn contradict(&self) {
        let rejected = StepAnswer::Rejected { code: "NO".to_owned(), external_reference: None };
        for (id, answer) in [("m-1", completed()), ("m-2", rejected)] {
            let mut told = StepOutcome { answer, ..self.callback() };
            if let StepSubject::Callback(receipt) = &mut told.subject {
                id.clone_into(&mut receipt.message_id);
                receipt.digest = id.repeat(8);
            }
            let tx = self.store("oms_callback_processor").await.system_tx().await.unwrap();
            let done = commands::record_step_outcomes(tx, &self.ctx(), &[told]).await.unwrap();
            assert_eq!(done.len(), 1);
        }
    }

    /// Every step is done.
    async fn fulfil(&mut self) {
        let executor = self.store("oms_fulfillment_step_executor").await;
        loop {
            let attempts = self.stage.claim().await;
            if attempts.is_empty() {
                return;
            }
            let batch: Vec<StepOutcome> =
                attempts.iter().map(|x| outcome_of(x, &completed())).collect();
            let tx = executor.system_tx().await.unwrap();
            let done = commands::record_step_outcomes(tx, &self.ctx(), &batch).await.unwrap();
            assert_eq!(done.len(), attempts.len());
        }
    }

    async fn run_right(&mut self, entry: Entry, role: &str) {
        let store = self.store(role).await;
        if entry == Entry::BeginNotifications {
            let tx = store.tenant_tx(&self.stage.tenant).await.unwrap();
            let order = self.stage.order_id;
            let begun = commands::begin_notifications(tx, order, &self.ctx(), LEASE).await;
            self.notifications = begun.unwrap();
            return;
        }
        self.attempt(entry, &store).await.unwrap_or_else(|error| panic!("{entry:?}: {error:?}"));
    }

    async fn store(&self, role: &str) -> Store {
        self.stage.db.store(role).await
    }

    fn ctx(&self) -> CommandContext {
        self.stage.context("test").with_idempotency_key(Uuid::nil().to_string())
    }

    /// Runs the entry with this store, whatever its role.
    #[expect(clippy::too_many_lines, reason = "an arm per kind of entry, and nothing else")]
    pub(crate) async fn attempt(&self, entry: Entry, store: &Store) -> Result<(), StoreError> {
        match entry {
            _ if is_bulk(entry) => self.attempt_bulk(entry, store).await,
            Entry::ClaimIntakeKey
            | Entry::ReleaseIntakeKey
            | Entry::RefuseOrder
            | Entry::CreateOrder => self.attempt_intake(entry, store).await,
            Entry::ValidateReadiness
            | Entry::Decompose
            | Entry::CreateFulfillmentPlan
            | Entry::StartFulfillment
            | Entry::SettleBilling
            | Entry::CompleteOrder => self.attempt_milestone(entry, store).await,
            Entry::BeginNotifications
            | Entry::RecordNotification
            | Entry::ActOnCase
            | Entry::FindOrderReference
            | Entry::NextOpenCommunication
            | Entry::ResolveIncident
            | Entry::ListIncidents
            | Entry::ListOrders
            | Entry::ListCases
            | Entry::ListSignatures
            | Entry::FindOrder
            | Entry::FindCase
            | Entry::ExplainOrder
            | Entry::ApplyCatalogueOverHttp
            | Entry::ListCatalogues
            | Entry::FindCatalogue
            | Entry::ApplyCatalogue
            | Entry::ApplyTargetSystems => self.attempt_of_tenant(entry, store).await,
            Entry::ClaimDueDeliveries
            | Entry::DeleteDelivered
            | Entry::RescheduleDelivery
            | Entry::BuryDelivery
            | Entry::CountOwed
            | Entry::ClaimStart
            | Entry::MarkRunning => self.attempt_delivery(entry, store).await,
            Entry::BeginStepAttempts
            | Entry::RecordAnswers
            | Entry::RecordCallbacks
            | Entry::BeginStepChecks
            | Entry::RestoreNextEvents
            | Entry::ListDueSteps
            | Entry::RedispatchOverdue
            | Entry::FindStranded
            | Entry::OweLostStarts
            | Entry::KeepMalformed
            | Entry::FindRequestsOfReferences
            | Entry::KeepUnreferenced
            | Entry::ClaimUnmatched
            | Entry::ExposeForeign
            | Entry::GiveUp
            | Entry::ListOrphans
            | Entry::ClaimContradictionChecks
            | Entry::RecordContradictionFindings
            | Entry::FindTargetSystem => self.attempt_step(entry, store).await,
            Entry::ClaimChecks
            | Entry::PutOffCheck
            | Entry::MarkEnded
            | Entry::AdoptProcess
            | Entry::CheckNow
            | Entry::FindCorrelationStatus
            | Entry::RecordEngineReport
            | Entry::ResolveUnseenReports
            | Entry::ResolveReportsOfOrders
            | Entry::ListCasesOfOrders
            | Entry::RepeatPlanMessages
            | Entry::RestartProcess
            | Entry::FollowEngineIncidents
            | Entry::ListUnfollowed
            | Entry::ReviewOverduePlan => self.attempt_process(entry, store).await,
            Entry::MoveCircuits
            | Entry::ListDueCircuits
            | Entry::HoldSystem
            | Entry::ReleaseSystem
            | Entry::ListSystems => self.attempt_circuit(entry, store).await,
            _ => self.attempt_overdue(entry, store).await,
        }
    }

    async fn attempt_intake(&self, entry: Entry, store: &Store) -> Result<(), StoreError> {
        let (tx, ctx) = (store.tenant_tx(&self.stage.tenant).await?, self.ctx());
        let (epoch, body) = (self.lease_epoch, json!({}));
        match entry {
            Entry::ClaimIntakeKey => {
                let other = ctx.with_idempotency_key("another".to_owned());
                commands::claim_intake_key(tx, &other, "f", LEASE).await.map(|_| ())
            }
            Entry::ReleaseIntakeKey => commands::release_intake_key(tx, &ctx, epoch).await,
            Entry::RefuseOrder => commands::refuse_order(tx, &ctx, epoch, ("NO", 422, &body)).await,
            _ => {
                let draft = order_draft(&["ROUTER_RENTAL"]);
                commands::create_order_from_quote(tx, &ctx, &draft, (epoch, &body))
                    .await
                    .map(|_| ())
            }
        }
    }

    async fn attempt_milestone(&self, entry: Entry, store: &Store) -> Result<(), StoreError> {
        let (tx, order) = (store.tenant_tx(&self.stage.tenant).await?, self.stage.order_id);
        let ctx = self.stage.context("test").with_idempotency_key(entry.name().to_owned());
        let outcome = match entry {
            Entry::ValidateReadiness => commands::validate_readiness(tx, order, &ctx, READY).await,
            Entry::Decompose => commands::decompose(tx, order, &ctx).await,
            Entry::CreateFulfillmentPlan => {
                commands::create_fulfillment_plan(tx, order, &ctx).await
            }
            Entry::StartFulfillment => commands::start_fulfillment(tx, order, &ctx).await,
            Entry::SettleBilling => commands::settle_billing(tx, order, &ctx).await,
            _ => commands::complete_order(tx, order, &ctx).await,
        }?;
        let is_applied = matches!(outcome, commands::CommandOutcome::Applied { .. });
        assert!(is_applied, "nothing was written, so nothing is proved: {entry:?} {outcome:?}");
        Ok(())
    }

    async fn attempt_of_tenant(&self, entry: Entry, store: &Store) -> Result<(), StoreError> {
        let (tx, order) = (store.tenant_tx(&self.stage.tenant).await?, self.stage.order_id);
        let (ctx, now) = (self.ctx(), self.stage.now());
        match entry {
            Entry::BeginNotifications => {
                commands::begin_notifications(tx, order, &ctx, LEASE).await.map(|_| ())
            }
            Entry::RecordNotification => {
                let claim = (self.notifications[0].id, self.notifications[0].lease_epoch);
                let sent = NotificationResult::Sent { external_reference: None };
                commands::record_notification(tx, &ctx, claim, (&sent, &[])).await.map(|_| ())
            }
            Entry::ActOnCase => {
                let id = self.stage.db.text("select id::text from order_fallout_case").await;
                let case_id = id.expect("a case").parse::<FalloutCaseId>().unwrap();
                let input = ActionInput::default();
                let request = self.stage.request(FalloutAction::RetryStep, case_id, input);
                let actor = Actor::caller("olga", vec!["order-operator".to_owned()]);
                let ctx = CommandContext::new(actor, self.stage.now()).with_idempotency_key("act");
                let outcome = commands::act_on_case(tx, &ctx, &request).await?;
                assert!(matches!(outcome, ActOutcome::Done(_)), "{outcome:?}");
                Ok(())
            }
            Entry::FindOrderReference => order_reference::find(tx, order).await.map(|_| ()),
            Entry::NextOpenCommunication => {
                order_reference::next_open_communication(tx, order).await.map(|_| ())
            }
            Entry::ResolveIncident => resolve_incident(self, tx).await,
            Entry::ListIncidents => list_incidents(tx).await,
            Entry::ListOrders => {
                let filter = OrderFilter { limit: 10, ..OrderFilter::default() };
                read_model::list_orders(tx, &filter).await.map(|_| ())
            }
            Entry::ListCases => {
                let filter = CaseFilter { limit: 10, ..CaseFilter::default() };
                read_model::list_cases(tx, &filter).await.map(|_| ())
            }
            Entry::ListSignatures => read_model::list_signatures(tx, None, 10).await.map(|_| ()),
            Entry::FindOrder => read_model::find_order(tx, order).await.map(|_| ()),
            Entry::FindCase => {
                let case = FalloutCaseId::from_uuid(Uuid::nil());
                read_model::find_case(tx, (order, case)).await.map(|_| ())
            }
            Entry::ExplainOrder => {
                let actor = Actor::caller("olga", Vec::new());
                read_model::explain_order(tx, order, (&actor, now)).await.map(|_| ())
            }
            Entry::ApplyCatalogueOverHttp => apply_catalogue(self, tx).await,
            Entry::ListCatalogues => read_model::list_catalogues(tx, None, 10).await.map(|_| ()),
            Entry::FindCatalogue => read_model::find_catalogue(tx, None).await.map(|_| ()),
            Entry::ApplyCatalogue => catalogue::apply(tx, 9, &json!({}), now).await.map(|_| ()),
            _ => target_system::apply(tx, &[("S".to_owned(), json!({}))], now).await,
        }
    }

    async fn attempt_delivery(&self, entry: Entry, store: &Store) -> Result<(), StoreError> {
        let (tx, now) = (store.system_tx().await?, self.stage.now());
        let subject = (&self.stage.tenant, self.stage.order_id);
        let lease = || self.messages[0].lease();
        match entry {
            Entry::ClaimDueDeliveries => {
                outbox::claim_due(tx, now, 10, ("rival", LEASE)).await.map(|_| ())
            }
            Entry::DeleteDelivered => {
                outbox::delete_delivered(tx, now, &[lease()]).await.map(|_| ())
            }
            Entry::RescheduleDelivery => {
                let put_off = PutOff { lease: lease(), available_at: now, reason: "no" };
                outbox::reschedule(tx, &[put_off]).await.map(|_| ())
            }
            Entry::BuryDelivery => {
                let burial = Burial { lease: lease(), reason: "no" };
                outbox::bury(tx, now, &[burial]).await.map(|_| ())
            }
            Entry::CountOwed => outbox::count_owed(tx).await.map(|_| ()),
            Entry::ClaimStart => {
                correlation::claim_start(tx, subject, (PROCESS, "key"), now).await.map(|_| ())
            }
            _ => correlation::mark_running(tx, subject, (PROCESS, "p"), now).await.map(|_| ()),
        }
    }

    #[expect(clippy::too_many_lines, reason = "an arm per entry, and nothing else")]
    async fn attempt_step(&self, entry: Entry, store: &Store) -> Result<(), StoreError> {
        let (tx, ctx, now) = (store.system_tx().await?, self.ctx(), self.stage.now());
        let (tenant, order_id) = (&self.stage.tenant, self.stage.order_id);
        match entry {
            Entry::BeginStepAttempts => {
                let begin = |step_id| BeginAttempt { tenant: tenant.clone(), order_id, step_id };
                let batch: Vec<_> = self.stage.ready_steps().await.into_iter().map(begin).collect();
                assert!(!batch.is_empty());
                commands::begin_step_attempts(tx, &ctx, LEASE, &batch).await.map(|_| ())
            }
            Entry::RecordAnswers => {
                let batch = [outcome_of(&self.attempts[0], &completed())];
                commands::record_step_outcomes(tx, &ctx, &batch).await.map(|_| ())
            }
            Entry::RecordCallbacks => {
                drop(tx);
                let batch = [self.callback()];
                let each = commands::record_each_step_outcome(store, &ctx, &batch).await?;
                each.into_iter().try_for_each(|x| x.map(|_| ()))
            }
            Entry::BeginStepChecks => {
                let check = |x: &StepAttempt| self.check_of(x.step_id);
                let batch: Vec<_> = self.attempts.iter().map(check).collect();
                commands::begin_step_checks(tx, &ctx, LEASE, &batch).await.map(|_| ())
            }
            Entry::RestoreNextEvents => {
                let orders = [(tenant.clone(), order_id)];
                commands::restore_next_events(tx, &ctx, &orders).await.map(|_| ())
            }
            Entry::ListDueSteps => due_steps::list_due(tx, now, 10).await.map(|_| ()),
            Entry::RedispatchOverdue => {
                due_steps::redispatch_overdue(tx, now, LEASE, 10).await.map(|_| ())
            }
            Entry::FindStranded => {
                liveness::find_stranded(tx, (later(now), LEASE), 10).await.map(|_| ())
            }
            Entry::OweLostStarts => {
                liveness::owe_lost_starts(tx, (later(now), LEASE), 10).await.map(|_| ())
            }
            Entry::KeepMalformed => {
                inbox::keep_malformed(tx, (tenant, &receipt(now)), "no JSON", now).await
            }
            Entry::FindRequestsOfReferences => {
                let keys = [(tenant.clone(), "LOGISTICS".to_owned(), "EXT-1".to_owned())];
                inbox::find_requests_of_references(tx, &keys).await.map(|_| ())
            }
            Entry::KeepUnreferenced
            | Entry::ClaimUnmatched
            | Entry::ExposeForeign
            | Entry::GiveUp
            | Entry::ListOrphans => {
                drop(tx);
                self.attempt_unmatched(entry, store).await
            }
            Entry::ClaimContradictionChecks | Entry::RecordContradictionFindings => {
                drop(tx);
                self.attempt_contradiction(entry, store).await
            }
            _ => target_system::find(tx, tenant, "LOGISTICS").await.map(|_| ()),
        }
    }

    async fn attempt_unmatched(&self, entry: Entry, store: &Store) -> Result<(), StoreError> {
        let (tenant, now) = (self.stage.tenant.clone(), self.stage.now());
        if entry == Entry::ListOrphans {
            let tx = store.tenant_tx(&tenant).await?;
            return inbox::list_orphans(tx, 10).await.map(|_| ());
        }
        let tx = store.system_tx().await?;
        let (system, message_id) = ("BILLING".to_owned(), "m-1".to_owned());
        let keys = [inbox::MessageKey { tenant: tenant.clone(), system, message_id }];
        match entry {
            Entry::KeepUnreferenced => {
                let (receipt, answer) = (receipt(now), completed());
                let callbacks = [inbox::UnreferencedCallback { tenant, receipt, answer }];
                inbox::keep_unreferenced(tx, &callbacks, now).await
            }
            Entry::ClaimUnmatched => inbox::claim_unmatched(tx, now, 10).await.map(|_| ()),
            Entry::ExposeForeign => inbox::expose_foreign(tx, &keys, now).await.map(|_| ()),
            _ => inbox::give_up(tx, &keys, now).await.map(|_| ()),
        }
    }

    async fn attempt_contradiction(&self, entry: Entry, store: &Store) -> Result<(), StoreError> {
        let (tx, now) = (store.system_tx().await?, self.stage.now());
        if entry == Entry::ClaimContradictionChecks {
            let due = (now, LEASE);
            return commands::claim_contradiction_checks(tx, due, 10).await.map(|_| ());
        }
        let case = "select id::text from order_fallout_case";
        let case_id = self.stage.db.text(case).await.expect("a case").parse().expect("its id");
        let finding = commands::ContradictionFinding {
            tenant: self.stage.tenant.clone(),
            order_id: self.stage.order_id,
            case_id: FalloutCaseId::from_uuid(case_id),
            request_id: self.attempts[0].request_id,
            answer: completed(),
            attempts: Vec::new(),
        };
        commands::record_contradiction_findings(tx, &self.ctx(), &[finding]).await
    }

    fn check_of(&self, step_id: FulfillmentStepId) -> StepCheckRef {
        StepCheckRef { tenant: self.stage.tenant.clone(), order_id: self.stage.order_id, step_id }
    }

    fn callback(&self) -> StepOutcome {
        let attempt = &self.attempts[0];
        let receipt =
            CallbackReceipt { system: attempt.target_system.clone(), ..receipt(self.stage.now()) };
        StepOutcome {
            subject: StepSubject::Callback(Box::new(receipt)),
            source: AnswerSource::Callback,
            ..outcome_of(attempt, &completed())
        }
    }

    /// Everything that is stored, as one text: two equal ones mean that nothing was written.
    pub(crate) async fn contents(&self) -> String {
        let db = &self.stage.db;
        let tables = "select string_agg(format(
                'select %L || coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '''') as x from %I t',
                relname, relname), ' union all ')
             from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace";
        let digests = db.text(tables).await.expect("there are tables");
        let all = format!("select string_agg(x, ' ' order by x) from ({digests}) every_table");
        db.text(&all).await.expect("digests")
    }
}

fn later(now: Timestamp) -> Timestamp {
    now + SignedDuration::from_hours(1)
}

fn receipt(now: Timestamp) -> CallbackReceipt {
    CallbackReceipt {
        system: "LOGISTICS".to_owned(),
        message_id: "m-1".to_owned(),
        digest: "0".repeat(64),
        external_reference: None,
        received_at: now,
    }
}

/// Entries that come after the plan was released.
const fn is_bulk(entry: Entry) -> bool {
    matches!(
        entry,
        Entry::PrepareBulkAction
            | Entry::MoveBulkAction
            | Entry::AdvanceBulkAction
            | Entry::ForeseeActions
            | Entry::RecallAction
            | Entry::TakeTurns
            | Entry::ListSelected
            | Entry::KeepForecasts
            | Entry::ClaimItems
            | Entry::KeepActs
            | Entry::FollowItems
            | Entry::FindBulkAction
            | Entry::ListBulkActions
            | Entry::ListBulkItems
    )
}

const fn needs_steps(entry: Entry) -> bool {
    is_bulk(entry)
        || matches!(
            entry,
            Entry::BeginStepAttempts
                | Entry::RedispatchOverdue
                | Entry::RecordAnswers
                | Entry::RecordCallbacks
                | Entry::BeginStepChecks
                | Entry::ListDueSteps
                | Entry::RestoreNextEvents
                | Entry::ActOnCase
                | Entry::EscalateOverdueCase
                | Entry::EscalateOverdueCases
                | Entry::ListOverdueCases
                | Entry::ResolveIncident
                | Entry::ListIncidents
                | Entry::MoveCircuits
                | Entry::ExposeForeign
                | Entry::ClaimContradictionChecks
                | Entry::RecordContradictionFindings
                | Entry::RepeatPlanMessages
                | Entry::ReviewOverduePlan
        )
}

async fn resolve_incident(world: &World, tx: TenantTx) -> Result<(), StoreError> {
    let sql = "select id::text from platform_incident where kind = 'STEP_HELD'";
    let id: Uuid = world.stage.db.text(sql).await.unwrap().parse().unwrap();
    let request = ResolveIncident {
        incident_id: IncidentId::from_uuid(id),
        reason_code: "MENDED".to_owned(),
        note: None,
        fingerprint: String::new(),
    };
    let outcome = commands::resolve_incident(tx, &world.ctx(), &request).await?;
    assert!(matches!(outcome, ResolveIncidentOutcome::Resolved(_)), "{outcome:?}");
    Ok(())
}

async fn apply_catalogue(world: &World, tx: TenantTx) -> Result<(), StoreError> {
    let document = json!({ "version": 9, "products": [] });
    let request = ApplyCatalogue {
        catalogue: serde_json::from_value(document.clone()).unwrap(),
        document,
        seen: SeenCatalogue::NotSaid,
        fingerprint: String::new(),
        is_preview: false,
    };
    let outcome = commands::apply_catalogue(tx, &world.ctx(), &request).await?;
    assert!(matches!(outcome, ApplyCatalogueOutcome::Done(_)), "{outcome:?}");
    Ok(())
}

async fn list_incidents(tx: TenantTx) -> Result<(), StoreError> {
    let filter =
        IncidentFilter { is_open: Some(true), kind: None, system: None, after: None, limit: 10 };
    read_model::list_incidents(tx, &filter).await.map(|_| ())
}
