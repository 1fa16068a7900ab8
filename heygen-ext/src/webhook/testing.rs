//! For tests: signed deliveries in the forms of the service, and an example event of every type.
//!
//! ```
//! use heygen_ext::webhook::Webhook;
//! use heygen_ext::webhook::testing::{Signer, event, types};
//!
//! let signer = Signer::new("whsec_test")?;
//! for kind in types() {
//!     let body = event(kind).unwrap_or_default();
//!     let event = Webhook::verify(&body, &signer.sign(&body), "whsec_test")?;
//!     assert_eq!(event.kind().as_str(), kind);
//! }
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
#[cfg(feature = "webhook")]
use std::time::SystemTime;

#[cfg(feature = "webhook")]
use bytes::Bytes;
#[cfg(feature = "webhook")]
use http::{HeaderName, HeaderValue, Method, Request, header};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

#[cfg(feature = "webhook")]
use super::headers::{EVENT_ID, HEYGEN_SIGNATURE, SIGNATURE, TIMESTAMP};
use super::key_ring::{EmptySecret, Mac};

/// The form of a signed delivery. The service has used two.
#[cfg(feature = "webhook")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Generation {
    /// The headers `Heygen-Signature`, `Heygen-Timestamp` and `Heygen-Event-Id`.
    HeygenSignature,
    /// The header `Signature` alone, as in v1.
    Signature,
}

/// Signs deliveries as the service does.
#[derive(Clone)]
pub struct Signer(Mac);

impl Signer {
    /// Creates a signer with this secret.
    ///
    /// # Errors
    ///
    /// If the secret is empty or blank.
    pub fn new(secret: impl Into<SecretString>) -> Result<Self, EmptySecret> {
        Mac::new(&secret.into()).map(Self)
    }

    /// Returns the signature of a body: 64 hexadecimal digits.
    pub fn sign(&self, body: &[u8]) -> String {
        self.0.code(body).to_hex()
    }
}

#[cfg(feature = "webhook")]
impl Signer {
    /// Returns a signed delivery of this body, with the current time.
    pub fn deliver(&self, generation: Generation, body: impl Into<Bytes>) -> Request<Bytes> {
        self.deliver_at(generation, body, SystemTime::now())
    }

    /// Like [`deliver`](Self::deliver), with `now` as the current time. In the form with an event id, the id is derived from
    /// the signature.
    pub fn deliver_at(
        &self,
        generation: Generation,
        body: impl Into<Bytes>,
        now: SystemTime,
    ) -> Request<Bytes> {
        let body = body.into();
        let signature = self.sign(&body);
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Hexadecimal digits are always a valid header value.
        let value = HeaderValue::from_str(&signature).unwrap_or(HeaderValue::from_static(""));
        match generation {
            Generation::HeygenSignature => {
                let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                headers.insert(HEYGEN_SIGNATURE, value);
                headers.insert(TIMESTAMP, since_epoch.as_secs().into());
                let id = signature.get(..32).and_then(|id| HeaderValue::from_str(id).ok());
                headers.extend(id.map(|id| (HeaderName::from_static(EVENT_ID), id)));
            }
            Generation::Signature => drop(headers.insert(SIGNATURE, value)),
        }
        request
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

/// The event types of the OpenAPI document. [`event`] has an example of each.
pub fn types() -> Vec<&'static str> {
    heygen_api::types::WebhookEventType::VALUES.to_vec()
}

/// Returns the body of an example event with all fields that are known for this type. `None` for an unknown type.
///
/// The ids and URLs in it do not exist.
pub fn event(kind: &str) -> Option<Vec<u8>> {
    let mut all: Map<String, Value> = serde_json::from_str(include_str!("fixtures.json")).ok()?;
    let data = all.remove(kind)?;
    Some(json!({"event_type": kind, "event_data": data}).to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::event::{Event, Outcome};

    #[test]
    fn every_event_type_has_an_example_that_is_read_completely() {
        for kind in types() {
            let event = Event::of_delivery(&event(kind).unwrap(), None, "".into()).unwrap();
            assert_eq!(event.kind().as_str(), kind);
            assert!(event.job_kind().is_some() && event.job_id().is_some(), "{kind}");
            let has_url = event.data().contains_key("url") || event.data().contains_key("video_url");
            assert_eq!(event.payload().url.is_some(), has_url, "{kind}");
            let failed = event.outcome() == Outcome::Failed;
            assert_eq!(failed, kind.contains("fail"), "{kind}");
            assert_eq!(event.failure().is_some_and(|failure| failure.message.is_some()), failed, "{kind}");
            assert!(!format!("{:?} {event:?}", event.payload()).contains("simulated"), "{kind}");
        }
        assert!(event("hologram.success").is_none());
    }
}
