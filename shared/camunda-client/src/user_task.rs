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

/// A user task with the case that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseTask {
    /// The task.
    pub task: UserTask,
    /// The case, as the process names it; absent when the process lost its pointer.
    pub fallout_case_id: Option<FalloutCaseId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ManyOrdersBody<'a> {
    process_instance_business_key_in: &'a [BusinessKey],
    sorting: [SortBy; 2],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CasePointersBody<'a> {
    variable_name: &'static str,
    process_instance_id_in: &'a [&'a str],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CasePointer {
    process_instance_id: String,
    value: serde_json::Value,
}

impl EngineClient {
    /// Lists the user tasks of many orders with their cases, in two questions, oldest first.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_case_tasks(
        &self,
        orders: &[BusinessKey],
        page: Page,
    ) -> Result<Vec<CaseTask>, EngineError> {
        // Without an order the engine would list everybody's.
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let sorting = [SortBy::ascending("created"), SortBy::ascending("id")];
        let body = ManyOrdersBody { process_instance_business_key_in: orders, sorting };
        let call = self.post(CallKind::QueryUserTasks, &["task"])?;
        let tasks: Vec<UserTask> = self.ask(call.query(&page).json(&body)).await?;
        let pointers = self.case_pointers(&tasks).await?;
        let case_of = |task: &UserTask| {
            let pointer =
                pointers.iter().find(|x| x.process_instance_id == task.process_instance_id);
            pointer.and_then(|x| x.value.as_str()).and_then(|x| x.parse().ok())
        };
        let joined = |task: UserTask| CaseTask { fallout_case_id: case_of(&task), task };
        Ok(tasks.into_iter().map(joined).collect())
    }

    async fn case_pointers(&self, tasks: &[UserTask]) -> Result<Vec<CasePointer>, EngineError> {
        let ids: Vec<&str> = tasks.iter().map(|x| x.process_instance_id.as_str()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let body =
            CasePointersBody { variable_name: "falloutCaseId", process_instance_id_in: &ids };
        let call = self.post(CallKind::QueryVariables, &["variable-instance"])?;
        self.ask(call.json(&body)).await
    }

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
