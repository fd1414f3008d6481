//! A caller who repeats its request under its key until it hears an answer.

use std::sync::Mutex;

use crash_matrix::job::{HttpRequest, Job, Work};
use serde_json::{Value, json};
use test_support::issuer::Issuer;
use test_support::stage::Stage;

use super::{Doing, LONG_ENOUGH, Scene, all, count, job_of};
use crate::child::End;
use crate::scenes::steps::Systems;

const QUOTE: &str = include_str!("../../../../../catalog/quotes/managed-connectivity-bundle.json");

pub(super) struct Intake {
    stage: Stage,
    systems: Systems,
    request: HttpRequest,
    settings: Vec<(String, String)>,
    answers: Mutex<Vec<Value>>,
}

impl Intake {
    pub(super) async fn open() -> Self {
        // An empty system: the stage's own order would only be in the way.
        let stage = Stage::placed(1).await;
        let systems = Systems::start().await;
        systems.put("/admin/quotes", &serde_json::from_str(QUOTE).unwrap()).await;
        let issuer = Issuer::new();
        let own = [
            ("OMS_DATABASE_SECRET_ID", "oms/database/order-intake".to_owned()),
            ("OMS_CPQ_URL", format!("{}/CPQ", systems.url())),
        ];
        let settings = own.into_iter().chain(issuer.settings());
        let token = issuer.token(|_, claims| {
            claims["sub"] = json!("sales");
            claims["scope"] = json!("orders:write orders:read");
            claims["roles"] = json!(["order-operator"]);
        });
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).collect();
        let headers = [
            ("authorization", format!("Bearer {token}")),
            ("content-type", "application/json".to_owned()),
            ("idempotency-key", "\"one-key\"".to_owned()),
        ];
        let request = HttpRequest {
            path: "/orders/from-quote".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: r#"{"quoteId":"Q-1001","revision":3}"#.to_owned(),
        };
        Self { stage, systems, request, settings, answers: Mutex::default() }
    }
}

impl Scene for Intake {
    fn job(&self) -> Doing<'_, Job> {
        Box::pin(async {
            let work = Work::Intake(self.request.clone());
            let job = job_of(&self.stage, "oms_order_intake", &self.systems.url(), work);
            Job { settings: self.settings.clone(), ..job }
        })
    }

    fn hear<'a>(&'a self, end: &'a End) -> Doing<'a, ()> {
        Box::pin(async {
            if let Some(answer) = &end.answer {
                self.answers.lock().unwrap().push(answer.clone());
            }
        })
    }

    fn time_passes(&self) -> Doing<'_, ()> {
        Box::pin(async { self.stage.advance(LONG_ENOUGH) })
    }

    /// The caller has its order.
    fn is_settled(&self) -> Doing<'_, bool> {
        Box::pin(async { self.answers.lock().unwrap().iter().any(|x| x["status"] == 201) })
    }

    fn state(&self) -> Doing<'_, String> {
        Box::pin(async { format!("{:?}", self.answers.lock().unwrap()) })
    }

    fn judge(&self) -> Doing<'_, Result<(), String>> {
        Box::pin(async {
            let of_quote = "select count(*) from product_order where quote_id = 'Q-1001'";
            let id = "select id::text from product_order where quote_id = 'Q-1001'";
            let id = self.stage.db.text(id).await;
            let starts = "select count(*) from outbox_message where kind = 'WORKFLOW_START'";
            let created = count(&self.stage, "domain_event").await;
            let orders = self.stage.db.number(of_quote).await;
            let starts = self.stage.db.number(starts).await;
            let answers = self.answers.lock().unwrap().clone();
            let accepted = answers.iter().filter(|x| x["status"] == 201);
            let ids: Vec<_> = accepted.map(|x| x["body"]["orderId"].as_str()).collect();
            let others = answers.iter().filter_map(|x| x["status"].as_u64());
            all(&[
                ("one order of the quote", orders == 1),
                ("one start for each order", starts == 2),
                ("one event for each order", created == 2),
                ("every 201 names the same order", ids.iter().all(|x| *x == id.as_deref())),
                (
                    "nobody hears anything but 201, running or try again",
                    others.into_iter().all(|x| [201, 409, 503].contains(&x)),
                ),
            ])
        })
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move {
            self.systems.stop().await;
            self.stage.db.finish().await;
        })
    }
}
