//! User tasks: the engine's side of a fallout case.

use jiff::Timestamp;
use order_domain::ids::FalloutCaseId;
use serde::{Deserialize, Serialize};

use crate::business_key::BusinessKey;
use crate::calls::CallKind;
use crate::client::EngineClient;
use crate::date;
use crate::error::EngineError;
use crate::page::{Page, SortBy};
use crate::variables::Variables;

/// Which user tasks of an order to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserTaskQuery {
    /// Only under this business key; called instances carry it as well.
    pub business_key: BusinessKey,
    /// Only the task of this fallout case.
    pub fallout_case_id: Option<FalloutCaseId>,
}

/// A task that a person's decision completes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserTask {
    /// Id of the task.
    pub id: String,
    /// The element in the model.
    pub task_definition_key: String,
    /// The instance that owns it, which for fallout is the called one.
    pub process_instance_id: String,
    /// When the process reached it.
    #[serde(with = "date::required")]
    pub created: Timestamp,
    /// Whether the instance is suspended.
    #[serde(default)]
    pub suspended: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueryBody<'a> {
    process_instance_business_key: &'a BusinessKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_variables: Option<[VariableEquals; 1]>,
    sorting: [SortBy; 2],
}

#[derive(Serialize)]
struct VariableEquals {
    name: &'static str,
    operator: &'static str,
    value: String,
}

#[derive(Serialize)]
struct CompleteBody<'a> {
    #[serde(skip_serializing_if = "Variables::is_empty")]
    variables: &'a Variables,
}

impl UserTaskQuery {
    /// All user tasks of an order.
    #[must_use]
    pub const fn of_order(business_key: BusinessKey) -> Self {
        Self { business_key, fallout_case_id: None }
    }

    /// The user task of one fallout case.
    #[must_use]
    pub const fn of_case(business_key: BusinessKey, case: FalloutCaseId) -> Self {
        Self { business_key, fallout_case_id: Some(case) }
    }

    fn body(&self) -> QueryBody<'_> {
        let equals =
            |value: String| VariableEquals { name: "falloutCaseId", operator: "eq", value };
        QueryBody {
            process_instance_business_key: &self.business_key,
            process_variables: self.fallout_case_id.map(|case| [equals(case.to_string())]),
            sorting: [SortBy::ascending("created"), SortBy::ascending("id")],
        }
    }
}

impl EngineClient {
    /// Lists user tasks, oldest first.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_user_tasks(
        &self,
        query: &UserTaskQuery,
        page: Page,
    ) -> Result<Vec<UserTask>, EngineError> {
        // POST, because the GET form refuses an underscore in a variable's value.
        let call = self.post(CallKind::QueryUserTasks, &["task"])?;
        self.ask(call.query(&page).json(&query.body())).await
    }

    /// Completes a user task with a resolution.
    ///
    /// # Errors
    /// [`EngineError::Gone`] when it is completed or was taken away; may be repeated.
    pub async fn complete_user_task(
        &self,
        task_id: &str,
        variables: &Variables,
    ) -> Result<(), EngineError> {
        let kind = CallKind::CompleteUserTask;
        kind.check(variables.check())?;
        let call = self.post(kind, &["task", task_id, "complete"])?;
        self.send(call.json(&CompleteBody { variables })).await
    }
}
