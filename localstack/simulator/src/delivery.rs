//! Callbacks: signed anew for every attempt, repeated until they are accepted.

use std::time::Duration;

use external_systems::callback::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use jiff::Timestamp;
use serde_json::json;
use tracing::{debug, warn};

use crate::app::{Shared, pause};
use crate::fault::FaultPlan;
use crate::record::{CallbackAccepted, Record};
use crate::world::{Request, RequestKey};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

/// A callback as it is sent, apart from its signature.
struct Callback {
    url: String,
    tenant_id: String,
    message_id: String,
    body: Vec<u8>,
    fault: FaultPlan,
}

/// Delivers the callback of a request, if it owes one; at least once, never more often on purpose.
pub(crate) async fn deliver(app: &Shared, key: RequestKey) {
    let callback = app.read(|world| world.requests.get(&key).and_then(owed));
    let Some(callback) = callback else { return };
    match callback.fault {
        FaultPlan::None => {}
    }
    let mut delay = FIRST_PAUSE;
    loop {
        let status = send(app, key, &callback).await;
        app.note(|world| {
            if let Some(request) = world.request_mut(key.0, key.1) {
                request.callback_attempts += 1;
                request.last_callback_status = status;
            }
        });
        if status.is_some_and(|status| (200..300).contains(&status)) {
            break;
        }
        warn!(system = %key.0, request_id = %key.1, status, "callback not accepted, will repeat");
        pause(delay).await;
        delay = (delay * 2).min(LONGEST_PAUSE);
    }
    let accepted = CallbackAccepted { system: key.0, request_id: key.1, at: Timestamp::now() };
    // Lost with the journal: the callback is repeated after the next start, which is allowed.
    let _ = app.commit(|_| (vec![Record::CallbackAccepted(accepted)], ())).await;
    debug!(system = %key.0, request_id = %key.1, "callback accepted");
}

fn owed(request: &Request) -> Option<Callback> {
    let settled = request.settled.as_ref()?;
    if request.callback_accepted_at.is_some() {
        return None;
    }
    let body = json!({
        "requestId": settled.request_id,
        "externalReference": request.submitted.external_reference,
        "status": settled.status,
        "result": settled.result,
        "reasonCode": settled.reason_code,
        "occurredAt": settled.at,
    });
    Some(Callback {
        url: request.submitted.request.callback_url.clone()?,
        tenant_id: request.submitted.request.tenant_id.clone(),
        message_id: settled.callback_message_id.clone()?,
        body: body.to_string().into_bytes(),
        fault: request.submitted.behaviour.fault,
    })
}

/// The status of one attempt; none when there was no answer, or no secret to sign with.
async fn send(app: &Shared, key: RequestKey, callback: &Callback) -> Option<u16> {
    let Some(secret) = app.secrets.webhook_secret(&callback.tenant_id, key.0).await else {
        warn!(system = %key.0, "no webhook secret in the secrets file");
        return None;
    };
    let now = Timestamp::now();
    let response = app
        .client
        .post(&callback.url)
        .timeout(TIMEOUT)
        .header("content-type", "application/json")
        .header(ID_HEADER, &callback.message_id)
        .header(TIMESTAMP_HEADER, now.as_second())
        .header(SIGNATURE_HEADER, sign(&secret, &callback.message_id, now, &callback.body))
        .body(callback.body.clone())
        .send()
        .await;
    response.ok().map(|response| response.status().as_u16())
}
