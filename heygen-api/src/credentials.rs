//! Who calls.

use http::{HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use crate::Error;
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

    /// The header that carries them; marked sensitive, so that no log of headers shows it.
    ///
    /// # Errors
    ///
    /// They have characters that no header takes.
    pub fn header(&self) -> Result<(HeaderName, HeaderValue), Error> {
        let (name, text) = match &self.0 {
            Kind::ApiKey(key) => (HeaderName::from_static(API_KEY_HEADER), key.expose_secret().to_owned()),
            Kind::BearerToken(token) => (header::AUTHORIZATION, format!("Bearer {}", token.expose_secret())),
        };
        let mut value = HeaderValue::from_str(text.trim_end()).map_err(|_| {
            Error::configuration(
                "the key or token has characters that no header takes; was a line break copied along?",
            )
        })?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}
