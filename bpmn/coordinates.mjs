// Where everything stands in the two diagrams, by element id.
//
// A point is the centre of an event, a gateway or a task; a box is [left, top, width, height] of a
// sub-process. A third value moves the label away from its place below the element.
// A route lists the corners of a flow that is not a straight line, a flow label its centre.

const ROW = 370; // the milestones, left to right
const ABOVE = 180; // fallout that can only come back
const BELOW = 570; // fallout with a resolution
const BACK = 645; // the way back from there
const CANCEL = 1000; // what follows a cancellation

export const orderFulfillment = {
  boxes: {
    FulfilOrder: [158, 60, 2220, 640],
    CarryOutFulfillmentPlan: [1078, 200, 570, 380],
    FalloutBesideMilestones: [716, 530, 340, 140],
    CompensateOrder: [458, 770, 600, 500],
    CompensationFallout: [486, 1112, 368, 140],
  },
  points: {
    OrderReady: [78, ROW],
    NotifyOrderCompleted: [2478, ROW],
    OrderCompleted: [2600, ROW],

    FulfillmentStarted: [210, ROW],
    BeforeValidation: [300, ROW],
    ValidateOrderReadiness: [450, ROW],
    ManualReviewRequired: [480, ROW + 40, [-66, 24]],
    ResolveReadinessFallout: [480, BELOW],
    ReadinessResolution: [600, BELOW, [66, 0]],
    BeforeDecomposition: [600, ROW],
    DecomposeOrder: [740, ROW],
    OrderNotDecomposable: [770, ROW - 40, [70, -24]],
    ResolveDecompositionFallout: [770, ABOVE],
    CreateFulfillmentPlan: [950, ROW],
    OrderNotPlannable: [980, ROW - 40, [56, -24]],
    ResolvePlanningFallout: [980, ABOVE],

    PlanReady: [1124, ROW],
    ListenBeforeExecuting: [1200, ROW],
    ExecuteReadySteps: [1326, 270],
    ReadyStepsExecuted: [1460, 270],
    AwaitFulfillmentPlan: [1326, ROW],
    PlanOverdue: [1356, ROW + 40, [-64, 14]],
    PlanCompleted: [1590, ROW],
    ReviewOverduePlan: [1456, 490],
    OverduePlanReviewed: [1570, 490],

    BeforeBilling: [1720, ROW],
    ActivateBilling: [1870, ROW],
    BillingRejected: [1900, ROW + 40, [-64, 20]],
    ResolveBillingFallout: [1900, BELOW],
    BillingResolution: [2020, BELOW, [66, 0]],
    BeforeCompletion: [2020, ROW],
    CompleteOrder: [2160, ROW],
    CompletionRejected: [2190, ROW - 40, [60, -24]],
    ResolveCompletionFallout: [2190, ABOVE],
    OrderFulfilled: [2300, ROW],

    CaseOpened: [774, 598],
    ResolveCase: [892, 598],
    CaseResolved: [1004, 598],

    CancellationRequested: [338, 700, [-72, 20]],
    NotifyOrderCancelled: [1168, CANCEL],
    OrderCancelled: [1290, CANCEL],

    CompensationStarted: [504, 940],
    ListenBeforeCancelling: [590, 940],
    CancelOrder: [716, 836],
    CompensationPlanStarted: [850, 836],
    AwaitCompensationPlan: [716, 940],
    CompensationOverdue: [746, 980, [-72, 18]],
    OrderCompensated: [1000, 940],
    ReviewOverdueCompensation: [846, 1050],
    OverdueCompensationReviewed: [960, 1050],

    CompensationCaseOpened: [544, 1180],
    ResolveCompensationCase: [674, 1180],
    CompensationCaseResolved: [804, 1180],
  },
  routes: {
    ReadinessResolution_to_BeforeValidation: [[600, BACK], [300, BACK]],
    ResolveDecompositionFallout_to_BeforeDecomposition: [[600, ABOVE]],
    ResolvePlanningFallout_to_BeforeDecomposition: [[980, 100], [600, 100]],
    ListenBeforeExecuting_to_ExecuteReadySteps: [[1200, 270]],
    PlanOverdue_to_ReviewOverduePlan: [[1356, 490]],
    BillingResolution_to_BeforeBilling: [[2020, BACK], [1720, BACK]],
    ResolveCompletionFallout_to_BeforeCompletion: [[2020, ABOVE]],
    CancellationRequested_to_CompensateOrder: [[338, CANCEL]],
    ListenBeforeCancelling_to_CancelOrder: [[590, 836]],
    CompensationOverdue_to_ReviewOverdueCompensation: [[746, 1050]],
  },
  flowLabels: {
    ReadinessResolution_to_BeforeValidation: [540, BACK - 11],
    ReadinessResolution_to_BeforeDecomposition: [640, 490],
    BillingResolution_to_BeforeBilling: [1960, BACK - 11],
    BillingResolution_to_BeforeCompletion: [2060, 490],
  },
};

export const orderFallout = {
  boxes: {},
  points: {
    FalloutOpened: [178, 140],
    ResolveOrderFallout: [310, 140],
    FalloutUnresolved: [340, 180, [-64, 20]],
    FalloutClosed: [560, 140],
    EscalateFallout: [440, 260],
    FalloutEscalated: [560, 260],
  },
  routes: {
    FalloutUnresolved_to_EscalateFallout: [[340, 260]],
  },
  flowLabels: {},
};
