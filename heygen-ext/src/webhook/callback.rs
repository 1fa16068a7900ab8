//! Callbacks of single requests, which the service does not sign: an address that nobody can guess stands in for that.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::event::{Event, NotAnEvent};
use super::mac::{Code, EmptySecret, Mac};

/// How long an address is good: a day for the job, and a day for the service's attempts to deliver.
const LIFETIME: Duration = Duration::from_secs(48 * 60 * 60);

/// Sets the codes of this guard apart from those that the same secret may make elsewhere.
const PURPOSE: &[u8] = b"heygen-ext callback 1";

/// Longest `callback_id`; the service takes 256 characters.
const LONGEST_ID: usize = 256;

/// Makes addresses for `callback_url`, and knows them again.
///
/// The service signs deliveries to registered endpoints alone. A callback is known by its address: it carries the
/// `callback_id` of the request, an end, and a code over both that only this program can make. Whoever learns the address can
/// still send whatever he likes to it, so what comes is an [`Unconfirmed`] event, which a look at the resource confirms.
///
/// ```
/// use heygen_ext::webhook::CallbackGuard;
///
/// let base = "https://example.com/heygen/callback";
/// let guard = CallbackGuard::new("a secret of this program", base)?;
/// // For `callback_url`, beside `callback_id` "order-7".
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
}

/// Why a guard, or an address of it, cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidCallback {
    /// The secret is empty.
    EmptySecret,
    /// The base is no absolute `http` or `https` address, or has a fragment.
    Base,
    /// The `callback_id` is empty, or has more than 256 characters.
    CallbackId,
}

impl fmt::Display for InvalidCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptySecret => "the secret of the guard is empty",
            Self::Base => "the address for callbacks is no absolute http or https address without a fragment",
            Self::CallbackId => "a callback id has 1 to 256 characters",
        })
    }
}

impl std::error::Error for InvalidCallback {}

impl From<EmptySecret> for InvalidCallback {
    fn from(_: EmptySecret) -> Self {
        Self::EmptySecret
    }
}

/// Why a callback is refused. Whoever sent it should not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackError {
    /// The address has no id, end and code of this guard's.
    NoToken,
    /// The code does not fit the id and the end: the address is made up.
    Mismatch,
    /// The address was good once.
    Expired,
    /// The body speaks of another callback than the address.
    OtherCallback,
    /// The body is no JSON object.
    NotAnEvent(NotAnEvent),
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => f.write_str("the address of the callback has no token"),
            Self::Mismatch => f.write_str("the token of the callback does not fit its id and its end"),
            Self::Expired => f.write_str("the address of the callback has expired"),
            Self::OtherCallback => f.write_str("the callback has another id than its address"),
            Self::NotAnEvent(_) => f.write_str("the callback is no event"),
        }
    }
}

impl std::error::Error for CallbackError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotAnEvent(problem) => Some(problem),
            _ => None,
        }
    }
}

impl CallbackGuard {
    /// A guard for addresses below this one. The secret is the program's own; with another, addresses made before are
    /// refused.
    ///
    /// # Errors
    ///
    /// The secret is empty, or the address is none.
    pub fn new(secret: impl Into<SecretString>, base: impl Into<String>) -> Result<Self, InvalidCallback> {
        let (secret, base) = (secret.into(), base.into());
        let mac = Mac::new(secret.expose_secret().as_bytes())?;
        let uri: Uri = base.parse().map_err(|_| InvalidCallback::Base)?;
        let absolute = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
        if !absolute || base.contains('#') {
            return Err(InvalidCallback::Base);
        }
        Ok(Self { mac, base, lifetime: LIFETIME })
    }

    /// Makes addresses that are good for so long; the default is 48 hours.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The address for a request with this `callback_id`.
    ///
    /// # Errors
    ///
    /// The id is empty or too long.
    pub fn url(&self, callback_id: &str) -> Result<String, InvalidCallback> {
        self.url_at(callback_id, SystemTime::now())
    }

    /// The same at a time of the caller's.
    ///
    /// # Errors
    ///
    /// As for [`url`](Self::url).
    pub fn url_at(&self, callback_id: &str, now: SystemTime) -> Result<String, InvalidCallback> {
        if callback_id.is_empty() || callback_id.chars().count() > LONGEST_ID {
            return Err(InvalidCallback::CallbackId);
        }
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let end = since.saturating_add(self.lifetime).as_secs();
        let token = self.code(callback_id, end).to_hex();
        let id = utf8_percent_encode(callback_id, NON_ALPHANUMERIC);
        let join = if self.base.contains('?') { '&' } else { '?' };
        Ok(format!("{}{join}callback_id={id}&expires={end}&token={token}", self.base))
    }

    /// Checks a callback: the address that it came to, and its body. A request's own target will do, without scheme and host.
    ///
    /// # Errors
    ///
    /// The address is not one of this guard's, or no longer, or the body is not of its callback.
    pub fn check(&self, target: &Uri, body: impl Into<Bytes>) -> Result<Unconfirmed, CallbackError> {
        self.check_at(target, body, SystemTime::now())
    }

    /// The same at a time of the caller's.
    ///
    /// # Errors
    ///
    /// As for [`check`](Self::check).
    pub fn check_at(
        &self,
        target: &Uri,
        body: impl Into<Bytes>,
        now: SystemTime,
    ) -> Result<Unconfirmed, CallbackError> {
        let query = target.query().unwrap_or_default();
        let find = |name: &str| {
            // The last of them is ours: the base may have a query of its own.
            query.split('&').rev().find_map(|pair| pair.split_once('=').filter(|(of, _)| *of == name))
        };
        let text = |name: &str| find(name).map(|(_, value)| value).ok_or(CallbackError::NoToken);
        let callback_id = percent_decode_str(text("callback_id")?).decode_utf8();
        let callback_id = callback_id.map_err(|_| CallbackError::NoToken)?.into_owned();
        let end: u64 = text("expires")?.parse().map_err(|_| CallbackError::NoToken)?;
        let token = Code::from_hex(text("token")?.as_bytes()).ok_or(CallbackError::NoToken)?;
        if self.code(&callback_id, end) != token {
            return Err(CallbackError::Mismatch);
        }
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        if since.as_secs() >= end {
            return Err(CallbackError::Expired);
        }
        let event = Event::of(&body.into(), None).map_err(CallbackError::NotAnEvent)?;
        // The service repeats the id; where it does not, the address alone has to do.
        if event.callback_id().is_some_and(|said| said != callback_id) {
            return Err(CallbackError::OtherCallback);
        }
        Ok(Unconfirmed { callback_id, event })
    }

    fn code(&self, callback_id: &str, end: u64) -> Code {
        let message = [PURPOSE, &end.to_be_bytes(), callback_id.as_bytes()].concat();
        self.mac.code(&message)
    }
}

impl fmt::Debug for CallbackGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackGuard").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// What a callback says, before anybody has looked whether it is so. `confirm` looks, and
/// [`trust`](Self::trust) does without.
#[derive(Clone, PartialEq)]
#[must_use = "an event that nobody confirms is worth nothing"]
pub struct Unconfirmed {
    callback_id: String,
    event: Event,
}

impl Unconfirmed {
    /// The `callback_id` in the address, which this program has chosen.
    pub fn callback_id(&self) -> &str {
        &self.callback_id
    }

    /// The id of the job that it claims to be about.
    pub fn job_id(&self) -> Option<&str> {
        self.event.job_id()
    }

    /// The event, on nobody's word but that of whoever knows the address.
    pub fn trust(self) -> Event {
        self.event
    }

    #[cfg(feature = "client")]
    pub(super) fn claims(&self) -> &Event {
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
    fn a_token_is_no_signature_of_anything_else() {
        let guard = CallbackGuard::new("whsec_shared", "https://example.com").unwrap();
        let message = [&7_u64.to_be_bytes(), &b"order"[..]].concat();
        assert_ne!(guard.code("order", 7), Mac::new(b"whsec_shared").unwrap().code(&message));
    }

    const BODY: &str =
        r#"{"event_type":"avatar_video.success","event_data":{"video_id":"v","callback_id":"order 7&"}}"#;

    fn guard() -> CallbackGuard {
        CallbackGuard::new("own", "https://example.com/hook?token=theirs").unwrap()
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
    }

    #[test]
    fn an_address_is_known_again_until_its_end() {
        let url: Uri = guard().url_at("order 7&", now()).unwrap().parse().unwrap();
        let check = |guard: &CallbackGuard, url: &Uri, body: &'static str, at| guard.check_at(url, body, at);
        let seen = check(&guard(), &url, BODY, now()).unwrap();
        assert_eq!((seen.callback_id(), seen.job_id()), ("order 7&", Some("v")));
        assert_eq!(seen.trust().callback_id().as_deref(), Some("order 7&"));
        let target: Uri = url.path_and_query().unwrap().as_str().parse().unwrap();
        assert!(check(&guard(), &target, BODY, now() + LIFETIME - Duration::from_secs(1)).is_ok());
        assert_eq!(check(&guard(), &url, BODY, now() + LIFETIME), Err(CallbackError::Expired));
        let other = CallbackGuard::new("other", "https://example.com").unwrap();
        assert_eq!(check(&other, &url, BODY, now()), Err(CallbackError::Mismatch));
        let of_another = r#"{"event_data":{"callback_id":"order 8"}}"#;
        assert_eq!(check(&guard(), &url, of_another, now()), Err(CallbackError::OtherCallback));
        assert!(check(&guard(), &url, r#"{"event_type":"lipsync.success"}"#, now()).is_ok());
        assert!(matches!(check(&guard(), &url, "[]", now()), Err(CallbackError::NotAnEvent(_))));
    }

    #[test]
    fn whatever_is_changed_in_an_address_is_noticed() {
        let url = guard().url_at("a", now()).unwrap();
        let query = url.split_once("callback_id=").unwrap().1;
        for (from, to) in
            [("a&", "b&"), ("a&", "&"), ("expires=1", "expires=2"), ("token=", "token=0"), ("token=", "no=")]
        {
            let changed: Uri = url.replace(query, &query.replacen(from, to, 1)).parse().unwrap();
            assert!(guard().check_at(&changed, "{}", now()).is_err(), "{changed}");
        }
        for none in [
            "https://example.com/",
            "/?",
            "/?callback_id=%FF&expires=1&token=0",
            "/?callback_id=a&expires=-1&token=",
        ] {
            assert_eq!(
                guard().check_at(&none.parse().unwrap(), "{}", now()),
                Err(CallbackError::NoToken),
                "{none}"
            );
        }
    }

    #[test]
    fn what_guards_nothing_is_refused() {
        assert_eq!(CallbackGuard::new("", "https://x").unwrap_err(), InvalidCallback::EmptySecret);
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
