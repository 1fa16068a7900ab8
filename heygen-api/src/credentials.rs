//! API keys and access tokens.

use http::{HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;
use crate::operations::API_KEY_HEADER;

/// An API key or an OAuth access token. `Debug` never shows it.
///
/// The kind determines billing: a key is billed to the API wallet, a token to the plan of the user who granted it.
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
    /// Creates credentials from an API key of the provider's dashboard.
    pub fn api_key(key: impl Into<String>) -> Self {
        Self(Kind::ApiKey(key.into().into()))
    }

    /// Creates credentials from an OAuth access token.
    pub fn bearer_token(token: impl Into<String>) -> Self {
        Self(Kind::BearerToken(token.into().into()))
    }

    /// Returns the header that carries the credentials, marked as sensitive so that logs do not show it. White space
    /// around the key or token is trimmed.
    ///
    /// # Errors
    ///
    /// The key or token is empty, or contains characters that are invalid in a header. The message never shows it.
    pub fn header(&self) -> Result<(HeaderName, HeaderValue), Error> {
        let (kind, name, text) = match &self.0 {
            Kind::ApiKey(key) => ("API key", HeaderName::from_static(API_KEY_HEADER), key.expose_secret()),
            Kind::BearerToken(token) => ("access token", header::AUTHORIZATION, token.expose_secret()),
        };
        let text = text.trim();
        let problem = |problem: &str| Error::configuration(format!("invalid {kind}: {problem}"));
        if text.is_empty() {
            return Err(problem(match &self.0 {
                Kind::ApiKey(_) => "empty; copy it from the HeyGen dashboard",
                Kind::BearerToken(_) => "empty; request a new one",
            }));
        }
        if text.contains(['\n', '\r']) {
            return Err(problem("contains a line break; copy it again as one line"));
        }
        if text.contains(char::is_whitespace) {
            return Err(problem("contains white space; copy it again without `Bearer` or a name before it"));
        }
        if text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']) {
            return Err(problem("enclosed in quotes; remove them"));
        }
        if !text.is_ascii() {
            return Err(problem("contains a character that is not ASCII; copy it again"));
        }
        let value = match &self.0 {
            Kind::ApiKey(_) => HeaderValue::from_str(text),
            Kind::BearerToken(_) => HeaderValue::try_from(format!("Bearer {text}")),
        };
        let mut value =
            value.map_err(|_| problem("contains a character that is invalid in a header; copy it again"))?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

impl From<&str> for Credentials {
    /// Creates credentials from an API key.
    fn from(key: &str) -> Self {
        Self::api_key(key)
    }
}

impl From<String> for Credentials {
    /// Creates credentials from an API key.
    fn from(key: String) -> Self {
        Self::api_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_a_key_is_trimmed() {
        for key in ["sk-1", " sk-1", "sk-1\n", "\tsk-1\r\n"] {
            let (name, value) = Credentials::from(key).header().unwrap();
            assert_eq!((name.as_str(), value.as_bytes()), ("x-api-key", &b"sk-1"[..]));
            assert!(value.is_sensitive());
        }
        let (name, value) = Credentials::bearer_token("t\n").header().unwrap();
        assert_eq!((name, value.as_bytes()), (header::AUTHORIZATION, &b"Bearer t"[..]));
    }

    #[test]
    fn an_error_names_the_problem_and_hides_the_key() {
        for (key, problem) in [
            ("", "invalid API key: empty"),
            (" \n", "invalid API key: empty"),
            ("marked\nsecret", "invalid API key: contains a line break"),
            ("sk marked", "invalid API key: contains white space"),
            ("Bearer sk-marked", "invalid API key: contains white space"),
            ("\"sk-marked\"", "invalid API key: enclosed in quotes"),
            ("sk-markéd", "invalid API key: contains a character that is not ASCII"),
            ("marked\u{7f}", "invalid API key: contains a character that is invalid in a header"),
        ] {
            let error = Credentials::from(key.to_owned()).header().unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Configuration);
            let text = format!("{error} {error:?}");
            assert!(text.starts_with(problem) && !text.contains("marked"), "{text}");
        }
        let error = Credentials::bearer_token(" ").header().unwrap_err();
        assert!(error.to_string().starts_with("invalid access token: empty"), "{error}");
    }
}
