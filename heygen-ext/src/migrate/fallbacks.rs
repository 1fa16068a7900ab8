//! Carries out what a plan does if the service refuses one of its requests.

use heygen_api::operations;
use http::StatusCode;
use serde_json::{Value, json};

use super::agents::video_of_session;
use super::fallback::Fallback;
use super::migrate_error::MigrateError;
use super::planned_request::{Action, PlannedRequest};
use super::runner::Runner;

impl Runner<'_> {
    /// Sends a request, and its fallback if the service refuses it.
    pub(super) async fn send_or_fall_back(
        &self,
        request: &PlannedRequest,
        key: Option<&str>,
    ) -> Result<Value, MigrateError> {
        let outcome = self.send_plainly(request, key).await;
        // Another body needs another key.
        let key = key.map(|key| format!("{key}:again"));
        match request.fallback() {
            Some(Fallback::ConsentLink(_)) => Ok(match outcome {
                Ok(body) => body,
                Err(error) => self.consent_link(request, error, key.as_deref()).await,
            }),
            Some(Fallback::GroupOfLook(id)) if is_missing(&outcome) => match self.group_of_look(id).await {
                Some(group) if group != *id => {
                    self.send_plainly(&request.with_id(id, &group), key.as_deref()).await
                }
                _ => outcome,
            },
            Some(Fallback::VideoOfSession(id)) if is_missing(&outcome) => {
                let read = PlannedRequest::new(&operations::GET_VIDEO_AGENT_SESSION, "reads the session");
                let session = match self.send(&read.with_parameter("session_id", id), None).await {
                    Ok(session) => session,
                    // The session may exist, so this is not the answer for a video that does not.
                    Err(error) if error.is_retryable() => return Err(error.into()),
                    Err(_) => return outcome,
                };
                match session.pointer("/data/video_id").and_then(Value::as_str) {
                    Some(video) => self.send_plainly(&request.with_id(id, video), None).await,
                    None => {
                        Ok(json!({"data": video_of_session(session.get("data").unwrap_or(&Value::Null))}))
                    }
                }
            }
            _ => outcome,
        }
    }

    async fn send_plainly(&self, request: &PlannedRequest, key: Option<&str>) -> Result<Value, MigrateError> {
        match request.action() {
            Action::AllPages => self.all_pages(request).await,
            _ => Ok(self.send(request, key).await?),
        }
    }

    /// An answer with a link where the person agrees, or with the error that prevents it.
    async fn consent_link(&self, request: &PlannedRequest, error: MigrateError, key: Option<&str>) -> Value {
        let is_refused = [StatusCode::BAD_REQUEST, StatusCode::PAYMENT_REQUIRED, StatusCode::FORBIDDEN]
            .contains(&error.status());
        let error = match is_refused {
            true => match self.send(&request.clone().with_body(json!({})), key).await {
                Ok(body) => return body,
                Err(error) => error.into(),
            },
            false => error,
        };
        json!({"error": {"message": error.message()}})
    }

    /// The group of the look with this id; `None` if the service does not have the look.
    async fn group_of_look(&self, id: &str) -> Option<String> {
        let request = PlannedRequest::new(&operations::GET_AVATAR_LOOK, "finds the group of the look");
        let body = self.send(&request.with_parameter("look_id", id), None).await.ok()?;
        body.pointer("/data/group_id").and_then(Value::as_str).map(str::to_owned)
    }
}

/// Whether the service does not have what a request names. A list of an unknown group may be empty instead.
fn is_missing(outcome: &Result<Value, MigrateError>) -> bool {
    match outcome {
        Ok(body) => body.get("data").and_then(Value::as_array).is_some_and(Vec::is_empty),
        Err(MigrateError::Service(error)) => error.status() == Some(StatusCode::NOT_FOUND),
        Err(_) => false,
    }
}
