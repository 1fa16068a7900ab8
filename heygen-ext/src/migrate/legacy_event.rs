//! Webhook deliveries in the form of v1.

use std::fmt;

use bytes::Bytes;
use http::{Request, Uri};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::webhook::testing::{Generation, Signer};
use crate::webhook::{EmptySecret, Event};

/// Names of members of v3 and v1, where programs may read either. A member that exists is not changed.
const NAMES: &[(&str, &str)] = &[
    ("video_url", "url"),
    ("url", "video_url"),
    ("failure_message", "msg"),
    ("failure_message", "message"),
    ("message", "msg"),
    ("msg", "message"),
    ("gif_url", "gif_download_url"),
    ("gif_download_url", "gif_url"),
    ("video_translation_id", "video_translate_id"),
    ("id", "video_translate_id"),
];

/// Event types of v1. The others are newer, and programs of v1 ignore them.
const TYPES: &[&str] = &[
    "avatar_video.success",
    "avatar_video.fail",
    "avatar_video_gif.success",
    "avatar_video_gif.fail",
    "video_translate.success",
    "video_translate.fail",
    "personalized_video",
    "instant_avatar.success",
    "instant_avatar.fail",
    "photo_avatar_generation.success",
    "photo_avatar_generation.fail",
    "photo_avatar_train.success",
    "photo_avatar_train.fail",
    "photo_avatar_add_motion.success",
    "photo_avatar_add_motion.fail",
];

/// An event in the form that programs of v1 read and verify.
///
/// Register an endpoint of your own in v3, receive its events with [`Receiver`](crate::webhook::Receiver), and forward each to
/// the old program, signed with the secret that the old program has: it goes on unchanged, also while the secret of v3 is
/// rotated.
///
/// ```
/// use heygen_ext::migrate::LegacyEvent;
/// use heygen_ext::secrecy::SecretString;
/// use heygen_ext::webhook::Verifier;
/// use heygen_ext::webhook::testing::{Generation, Signer, event};
///
/// // A delivery of v3, as a receiver gets it.
/// let body = event("avatar_video.success").unwrap();
/// let signer = Signer::new("whsec_v3")?;
/// let delivery = signer.deliver(Generation::HeygenSignature, body);
/// let (head, body) = delivery.into_parts();
/// let verified = Verifier::new("whsec_v3")?.verify(&head.headers, body)?;
///
/// let secret = SecretString::from("the secret of the old endpoint");
/// let legacy = LegacyEvent::new(&verified.event()?);
/// let request = legacy.request("https://old.example/hook".parse()?, &secret)?;
/// assert_eq!(request.headers()["signature"].len(), 64);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct LegacyEvent {
    kind: String,
    body: Bytes,
}

impl LegacyEvent {
    /// Converts an event of v3. Members keep their names; those that v1 named otherwise are added under the old name.
    pub fn new(event: &Event) -> Self {
        let kind = event.kind().as_str().to_owned();
        let mut data: Map<String, Value> = event.data().clone();
        for (newer, older) in NAMES {
            let is_translation = kind.starts_with("video_translate.");
            let is_of_kind = match *older {
                "video_translate_id" => is_translation,
                "video_url" => kind.starts_with("avatar_video."),
                _ => true,
            };
            if !is_of_kind {
                continue;
            }
            if data.get(*older).is_none_or(Value::is_null)
                && let Some(value) = data.get(*newer).filter(|value| !value.is_null()).cloned()
            {
                data.insert((*older).to_owned(), value);
            }
        }
        let body = json!({"event_type": kind, "event_data": data}).to_string();
        Self { kind, body: body.into() }
    }

    /// Whether v1 had this type of event. Programs of v1 may not expect the others.
    pub fn is_known_to_v1(&self) -> bool {
        TYPES.contains(&self.kind.as_str())
    }

    /// The body of the delivery.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The delivery: a POST with the body, and its signature in the header `signature`: HMAC-SHA256 with the secret, in
    /// lower-case hexadecimal digits.
    ///
    /// # Errors
    ///
    /// The secret is empty.
    pub fn request(&self, url: Uri, secret: &SecretString) -> Result<Request<Bytes>, EmptySecret> {
        let mut request = Signer::new(secret.clone())?.deliver(Generation::Signature, self.body.clone());
        *request.uri_mut() = url;
        Ok(request)
    }
}

impl fmt::Debug for LegacyEvent {
    /// Does not print the data, whose links are signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegacyEvent({}, {} bytes)", self.kind, self.body.len())
    }
}
