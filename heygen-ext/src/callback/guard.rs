//! Callbacks of single requests. The service does not sign them, so their URL contains a token that cannot be guessed.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::SecretString;

use crate::webhook::event::{Event, NotAnEvent};
use crate::webhook::key_ring::{Code, EmptySecret, Mac};
use crate::webhook::verifier::Clock;

/// How long a URL is valid: a day for the job, and a day for the delivery attempts of the service.
const LIFETIME: Duration = Duration::from_secs(48 * 60 * 60);

/// Separates the tokens of this guard from other uses of the same secret.
const PURPOSE: &[u8] = b"heygen-ext callback 1";

/// Maximum length of a `callback_id`, in characters; the service accepts no longer one.
const MAX_CALLBACK_ID_LENGTH: usize = 256;

/// Creates URLs for `callback_url`, and verifies the callbacks that are sent to them.
///
/// The service signs only deliveries to registered endpoints. A callback is authenticated by its URL instead: it contains the
/// `callback_id` of the request, an expiry time, and a token, which is a MAC of both that only this program can compute.
/// Anyone who learns the URL can send any body to it. [`check`](Self::check) therefore returns an [`Unconfirmed`] event;
/// `confirm` confirms it by reading the resource.
///
/// ```
/// use heygen_ext::webhook::CallbackGuard;
///
/// let base = "https://example.com/heygen/callback";
/// let guard = CallbackGuard::new("a secret of this program", base)?;
/// // Send it as `callback_url`, together with the `callback_id` "order-7".
/// let url = guard.url("order-7")?;
///
/// let body = r#"{
///     "event_type": "avatar_video.success",
///     "event_data": {"video_id": "v1", "callback_id": "order-7"}
/// }"#;
/// let unconfirmed = guard.check(&url.parse()?, body)?;
/// assert_eq!(unconfirmed.callback_id(), "order-7");
/// assert_eq!(unconfirmed.job_id(), Some("v1"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct CallbackGuard {
    mac: Mac,
    base: String,
    lifetime: Duration,
    clock: Clock,
}

/// The error when a guard or a URL cannot be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCallback {
    /// The secret is empty or blank.
    #[error("the secret of the callback guard is empty or blank; pass a secret of this program")]
    EmptySecret,
    /// The base URL is not an absolute `http` or `https` URL, or has a fragment.
    #[error(
        "invalid base URL for callbacks; pass an absolute http or https URL without a fragment, such as \
         `https://example.com/callback`"
    )]
    Base,
    /// The `callback_id` is empty, or longer than 256 characters.
    #[error("the `callback_id` is empty, or longer than 256 characters; pass 1 to 256")]
    CallbackId,
}

impl From<EmptySecret> for InvalidCallback {
    fn from(_: EmptySecret) -> Self {
        Self::EmptySecret
    }
}

/// The error when a callback is refused. Do not send the reason to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The URL lacks `callback_id`, `expires` or `token`, or one of them is malformed.
    #[error(
        "the callback URL lacks a well-formed `callback_id`, `expires` and `token`; send the URL of `CallbackGuard::url` as \
         `callback_url`"
    )]
    NoToken,
    /// The token does not match the id and the expiry time: this guard did not create the URL.
    #[error(
        "the token of the callback URL does not match its id and expiry time; check that the same secret created the URL"
    )]
    Mismatch,
    /// The URL has expired.
    #[error("the callback URL has expired; if jobs take longer, set a longer `CallbackGuard::lifetime`")]
    Expired,
    /// The `callback_id` of the body differs from the one of the URL.
    #[error(
        "the body has a different `callback_id` than the callback URL; ignore it, unless your program sends one URL for several \
         requests"
    )]
    OtherCallback,
    /// The body is not a JSON object.
    #[error("cannot read the event of the callback")]
    NotAnEvent(#[source] NotAnEvent),
}

impl CallbackGuard {
    /// Creates a guard for URLs that begin with `base`.
    ///
    /// The program chooses the secret. If it changes, callbacks to URLs that were created before are refused.
    ///
    /// # Errors
    ///
    /// If the secret is empty or blank, or `base` is not an absolute `http` or `https` URL without a fragment.
    pub fn new(secret: impl Into<SecretString>, base: impl Into<String>) -> Result<Self, InvalidCallback> {
        let (secret, base) = (secret.into(), base.into());
        let mac = Mac::new(&secret)?;
        let uri: Uri = base.parse().map_err(|_| InvalidCallback::Base)?;
        let absolute = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
        if !absolute || base.contains('#') {
            return Err(InvalidCallback::Base);
        }
        Ok(Self { mac, base, lifetime: LIFETIME, clock: Clock::default() })
    }

    /// Sets how long the URLs are valid. The default is 48 hours.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets the clock, for tests. The default is the system clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// The current time in seconds since 1970.
    fn now(&self) -> u64 {
        let now = self.clock.now().unwrap_or(SystemTime::UNIX_EPOCH);
        now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// Returns the `callback_url` for a request with this `callback_id`.
    ///
    /// # Errors
    ///
    /// If the id is empty, or longer than 256 characters.
    pub fn url(&self, callback_id: &str) -> Result<String, InvalidCallback> {
        if callback_id.is_empty() || callback_id.chars().count() > MAX_CALLBACK_ID_LENGTH {
            return Err(InvalidCallback::CallbackId);
        }
        let expires = self.now().saturating_add(self.lifetime.as_secs());
        let token = self.token(callback_id, expires).to_hex();
        let id = utf8_percent_encode(callback_id, NON_ALPHANUMERIC);
        let separator = if self.base.contains('?') { '&' } else { '?' };
        Ok(format!("{}{separator}callback_id={id}&expires={expires}&token={token}", self.base))
    }

    /// Checks the URL and the body of a callback.
    ///
    /// `target` is the URL that received the request. The request target, without scheme and host, is sufficient.
    ///
    /// # Errors
    ///
    /// If this guard did not create the URL, the URL has expired, the body is not a JSON object, or the body has another
    /// `callback_id`.
    pub fn check(&self, target: &Uri, body: impl Into<Bytes>) -> Result<Unconfirmed, CallbackError> {
        let query = target.query().unwrap_or_default();
        let parameter = |name: &str| {
            // The base URL may contain a parameter with the same name; the guard appends its own, so the last one counts.
            let mut pairs = query.split('&').rev().filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value).ok_or(CallbackError::NoToken)
        };
        // The guard encodes a plus sign and a space; a proxy that encodes the address again writes a space as `+`.
        let callback_id = parameter("callback_id")?.replace('+', " ");
        let callback_id = percent_decode_str(&callback_id).decode_utf8();
        let callback_id = callback_id.map_err(|_| CallbackError::NoToken)?.into_owned();
        let expires: u64 = parameter("expires")?.parse().map_err(|_| CallbackError::NoToken)?;
        let token = Code::from_hex(parameter("token")?.as_bytes()).ok_or(CallbackError::NoToken)?;
        if self.token(&callback_id, expires) != token {
            return Err(CallbackError::Mismatch);
        }
        if self.now() >= expires {
            return Err(CallbackError::Expired);
        }
        let event = Event::of_callback(&body.into()).map_err(CallbackError::NotAnEvent)?;
        // The service repeats the id in the body. If it does not, the id of the URL is sufficient.
        if event.callback_id().is_some_and(|in_body| in_body != callback_id) {
            return Err(CallbackError::OtherCallback);
        }
        Ok(Unconfirmed { callback_id, event })
    }

    fn token(&self, callback_id: &str, expires: u64) -> Code {
        let message = [PURPOSE, &expires.to_be_bytes(), callback_id.as_bytes()].concat();
        self.mac.code(&message)
    }
}

impl fmt::Debug for CallbackGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackGuard").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// The event of a callback, which the service did not sign.
///
/// `confirm` compares it with the resource; it needs the feature `client`. [`trust`](Self::trust) returns it unchecked.
#[derive(Clone, PartialEq)]
#[must_use = "an unconfirmed event does nothing until it is confirmed or trusted"]
pub struct Unconfirmed {
    callback_id: String,
    event: Event,
}

impl Unconfirmed {
    /// The `callback_id` of the URL, as this program passed it to [`CallbackGuard::url`].
    pub fn callback_id(&self) -> &str {
        &self.callback_id
    }

    /// The job id that the body claims, unchecked.
    pub fn job_id(&self) -> Option<&str> {
        self.event.job_id()
    }

    /// Returns the event unchecked. Anyone who knows the callback URL can have sent it.
    pub fn trust(self) -> Event {
        self.event
    }

    #[cfg(feature = "client")]
    pub(super) fn unchecked_event(&self) -> &Event {
        &self.event
    }
}

impl fmt::Debug for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unconfirmed")
            .field("callback_id", &self.callback_id)
            .field("event", &self.event)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_a_signature_for_another_purpose() {
        let guard = CallbackGuard::new("whsec_shared", "https://example.com").unwrap();
        let message = [&7_u64.to_be_bytes(), &b"order"[..]].concat();
        assert_ne!(guard.token("order", 7), Mac::new(&"whsec_shared".into()).unwrap().code(&message));
    }

    const BODY: &str =
        r#"{"event_type":"avatar_video.success","event_data":{"video_id":"v","callback_id":"order 7&"}}"#;

    fn guard() -> CallbackGuard {
        CallbackGuard::new("own", "https://example.com/hook?token=theirs").unwrap().clock(now)
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
    }

    #[test]
    fn a_url_is_accepted_until_it_expires() {
        let url: Uri = guard().url("order 7&").unwrap().parse().unwrap();
        let check = |guard: &CallbackGuard, url: &Uri, body: &'static str, at| {
            guard.clone().clock(move || at).check(url, body)
        };
        let unconfirmed = check(&guard(), &url, BODY, now()).unwrap();
        assert_eq!((unconfirmed.callback_id(), unconfirmed.job_id()), ("order 7&", Some("v")));
        assert_eq!(unconfirmed.trust().callback_id().as_deref(), Some("order 7&"));
        let target: Uri = url.path_and_query().unwrap().as_str().parse().unwrap();
        assert!(check(&guard(), &target, BODY, now() + LIFETIME - Duration::from_secs(1)).is_ok());
        assert_eq!(check(&guard(), &url, BODY, now() + LIFETIME), Err(CallbackError::Expired));
        let other = CallbackGuard::new("other", "https://example.com").unwrap();
        assert_eq!(check(&other, &url, BODY, now()), Err(CallbackError::Mismatch));
        let other_callback = r#"{"event_data":{"callback_id":"order 8"}}"#;
        assert_eq!(check(&guard(), &url, other_callback, now()), Err(CallbackError::OtherCallback));
        assert!(check(&guard(), &url, r#"{"event_type":"lipsync.success"}"#, now()).is_ok());
        assert!(matches!(check(&guard(), &url, "[]", now()), Err(CallbackError::NotAnEvent(_))));
    }

    #[test]
    fn a_space_that_a_proxy_encodes_as_a_plus_sign_is_understood() {
        let url = guard().url("order 7 + tax").unwrap();
        let encoded = url.replace("order%207%20%2B%20tax", "order+7+%2B+tax");
        assert_ne!(encoded, url);
        let unconfirmed = guard().check(&encoded.parse().unwrap(), "{}").unwrap();
        assert_eq!(unconfirmed.callback_id(), "order 7 + tax");
    }

    #[test]
    fn white_space_around_the_secret_does_not_change_the_url() {
        let with_line_end =
            CallbackGuard::new("own\n", "https://example.com/hook?token=theirs").unwrap().clock(now);
        assert_eq!(with_line_end.url("a"), guard().url("a"));
    }

    #[test]
    fn a_changed_url_is_refused() {
        let url = guard().url("a").unwrap();
        let query = url.split_once("callback_id=").unwrap().1;
        for (from, to) in
            [("a&", "b&"), ("a&", "&"), ("expires=1", "expires=2"), ("token=", "token=0"), ("token=", "no=")]
        {
            let changed: Uri = url.replace(query, &query.replacen(from, to, 1)).parse().unwrap();
            assert!(guard().check(&changed, "{}").is_err(), "{changed}");
        }
        for without_token in [
            "https://example.com/",
            "/?",
            "/?callback_id=%FF&expires=1&token=0",
            "/?callback_id=a&expires=-1&token=",
        ] {
            assert_eq!(
                guard().check(&without_token.parse().unwrap(), "{}"),
                Err(CallbackError::NoToken),
                "{without_token}"
            );
        }
    }

    #[test]
    fn an_invalid_secret_base_url_or_id_is_refused() {
        for blank in ["", " \r\n"] {
            assert_eq!(CallbackGuard::new(blank, "https://x").unwrap_err(), InvalidCallback::EmptySecret);
        }
        for base in ["", "/hook", "example.com", "ftp://x/", "https://", "https://x/#a"] {
            assert_eq!(CallbackGuard::new("own", base).unwrap_err(), InvalidCallback::Base, "{base}");
        }
        for id in ["", &"x".repeat(257)] {
            assert_eq!(guard().url(id), Err(InvalidCallback::CallbackId));
        }
        assert!(guard().url(&"ü".repeat(256)).is_ok());
        assert!(!format!("{:?}", guard()).contains("own"));
    }
}
