//! Who calls.

use http::{HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;
use crate::operations::API_KEY_HEADER;

/// An API key or an OAuth access token; shown by nothing.
///
/// The kind also says who pays: a key draws on the API wallet, a token on the plan of the user who granted it.
///
/// ```
/// let credentials = heygen_api::Credentials::api_key("sk-secret");
/// assert!(!format!("{credentials:?}").contains("secret"));
/// ```
#[derive(Debug, Clone)]
pub struct Credentials(Kind);

#[derive(Debug, Clone)]
enum Kind {
    ApiKey(SecretString),
    BearerToken(SecretString),
}

impl Credentials {
    /// An API key, from the provider's dashboard.
    pub fn api_key(key: impl Into<String>) -> Self {
        Self(Kind::ApiKey(key.into().into()))
    }

    /// An OAuth access token.
    pub fn bearer_token(token: impl Into<String>) -> Self {
        Self(Kind::BearerToken(token.into().into()))
    }

    /// The header that carries them, marked sensitive so that no log of headers shows it. White space around the key or
    /// token is left out.
    ///
    /// # Errors
    ///
    /// They are empty, or have characters that no header takes.
    pub fn header(&self) -> Result<(HeaderName, HeaderValue), Error> {
        let (what, name, text) = match &self.0 {
            Kind::ApiKey(key) => ("API key", HeaderName::from_static(API_KEY_HEADER), key.expose_secret()),
            Kind::BearerToken(token) => ("access token", header::AUTHORIZATION, token.expose_secret()),
        };
        let text = text.trim();
        let problem = |problem: &str| Error::configuration(format!("invalid {what}: {problem}"));
        if text.is_empty() {
            return Err(problem("it is empty; copy it from where it was made"));
        }
        if text.contains(['\n', '\r']) {
            return Err(problem("a line break in it; copy it again, as one line"));
        }
        if text.contains(char::is_whitespace) {
            return Err(problem("white space in it; copy it again, without `Bearer` or a name in front"));
        }
        if text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']) {
            return Err(problem("quotes around it; leave them out"));
        }
        if !text.is_ascii() {
            return Err(problem("a character in it that is not ASCII; copy it again"));
        }
        let value = match &self.0 {
            Kind::ApiKey(_) => HeaderValue::from_str(text),
            Kind::BearerToken(_) => HeaderValue::try_from(format!("Bearer {text}")),
        };
        let mut value = value.map_err(|_| {
            problem("a character in it that no header takes; copy it again, without what surrounds it")
        })?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

impl From<&str> for Credentials {
    /// An API key.
    fn from(key: &str) -> Self {
        Self::api_key(key)
    }
}

impl From<String> for Credentials {
    /// An API key.
    fn from(key: String) -> Self {
        Self::api_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_a_key_is_left_out() {
        for key in ["sk-1", " sk-1", "sk-1\n", "\tsk-1\r\n"] {
            let (name, value) = Credentials::from(key).header().unwrap();
            assert_eq!((name.as_str(), value.as_bytes()), ("x-api-key", &b"sk-1"[..]));
            assert!(value.is_sensitive());
        }
        let (name, value) = Credentials::bearer_token("t\n").header().unwrap();
        assert_eq!((name, value.as_bytes()), (header::AUTHORIZATION, &b"Bearer t"[..]));
    }

    #[test]
    fn what_cannot_be_sent_is_named_and_not_shown() {
        for (key, problem) in [
            ("", "invalid API key: it is empty"),
            (" \n", "invalid API key: it is empty"),
            ("marked\nsecret", "invalid API key: a line break in it"),
            ("sk marked", "invalid API key: white space in it"),
            ("Bearer sk-marked", "invalid API key: white space in it"),
            ("\"sk-marked\"", "invalid API key: quotes around it"),
            ("sk-markéd", "invalid API key: a character in it that is not ASCII"),
            ("marked\u{7f}", "invalid API key: a character in it that no header takes"),
        ] {
            let error = Credentials::from(key.to_owned()).header().unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Configuration);
            let text = format!("{error} {error:?}");
            assert!(text.starts_with(problem) && !text.contains("marked"), "{text}");
        }
        let error = Credentials::bearer_token(" ").header().unwrap_err();
        assert!(error.to_string().starts_with("invalid access token: it is empty"), "{error}");
    }
}
