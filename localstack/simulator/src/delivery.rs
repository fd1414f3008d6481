//! Callbacks: signed anew for every attempt, repeated until they are accepted.
//!
//! Only so many are on their way at the same time: whoever receives them may start a process for
//! each. The others stand in line from the moment they are due, so the longest overdue goes first.

use std::time::Duration;

use external_systems::callback::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use jiff::Timestamp;
use tokio::sync::oneshot;
use tracing::{debug, warn};

use crate::app::{Shared, pause};
use crate::record::{CallbackAccepted, Record};
use crate::world::{Request, RequestKey};

mod message;

use message::Message;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Everything that a request has to report, and to whom.
struct Callback {
    url: String,
    tenant_id: String,
    /// The time before the first message, on purpose.
    wait: Duration,
    messages: Vec<Message>,
}

/// Delivers the callback of a request, if it owes one; at least once, never more often unless a
/// fault says so. `reported` hears of the first attempt.
pub(crate) async fn deliver(
    app: &Shared,
    key: RequestKey,
    mut reported: Option<oneshot::Sender<()>>,
) {
    let callback = app.read(|world| world.requests.get(&key).and_then(owed));
    let Some(callback) = callback else { return };
    if !callback.wait.is_zero() {
        pause(callback.wait).await;
    }
    for message in &callback.messages {
        deliver_one(app, key, (&callback, message), &mut reported).await;
    }
    let accepted = CallbackAccepted { system: key.0, request_id: key.1, at: Timestamp::now() };
    // Lost with the journal: the callback is repeated after the next start, which is allowed.
    let _ = app.commit(|_| (vec![Record::CallbackAccepted(accepted)], ())).await;
    debug!(system = %key.0, request_id = %key.1, "callback accepted");
}

async fn deliver_one(
    app: &Shared,
    key: RequestKey,
    (callback, message): (&Callback, &Message),
    reported: &mut Option<oneshot::Sender<()>>,
) {
    let mut delay = FIRST_PAUSE;
    loop {
        // Given back before the pause: who is refused must not keep the others from their turn.
        let turn = app.callback_turn().await;
        let status = send(app, key, callback, message).await;
        drop(turn);
        if let Some(reported) = reported.take() {
            let _ = reported.send(());
        }
        app.note(|world| {
            if let Some(request) = world.request_mut(key.0, key.1) {
                request.callback_attempts += 1;
                request.last_callback_status = status;
            }
        });
        // What is broken on purpose is not offered again to somebody who has refused it.
        let is_done = |status| message.is_broken || (200..300).contains(&status);
        if status.is_some_and(is_done) {
            return;
        }
        warn!(system = %key.0, request_id = %key.1, status, "callback not accepted, will repeat");
        pause(delay).await;
        delay = (delay * 2).min(LONGEST_PAUSE);
    }
}

fn owed(request: &Request) -> Option<Callback> {
    let settled = request.settled.as_ref()?;
    if request.callback_accepted_at.is_some() {
        return None;
    }
    Some(Callback {
        url: request.submitted.request.callback_url.clone()?,
        tenant_id: request.submitted.request.tenant_id.clone(),
        wait: message::wait(request, settled, Timestamp::now()),
        messages: message::messages(request, settled, settled.callback_message_id.as_deref()?),
    })
}

/// The status of one attempt; none when there was no answer, or no secret to sign with.
async fn send(
    app: &Shared,
    key: RequestKey,
    callback: &Callback,
    message: &Message,
) -> Option<u16> {
    let Some(secret) = app.secrets.webhook_secret(&callback.tenant_id, key.0).await else {
        warn!(system = %key.0, "no webhook secret in the secrets file");
        return None;
    };
    let now = Timestamp::now();
    let response = app
        .client
        .post(&callback.url)
        .timeout(TIMEOUT)
        .header("content-type", message.content_type)
        .header(ID_HEADER, &message.id)
        .header(TIMESTAMP_HEADER, now.as_second())
        .header(SIGNATURE_HEADER, sign(&secret, &message.id, now, &message.body))
        .body(message.body.clone())
        .send()
        .await;
    response.ok().map(|response| response.status().as_u16())
}
