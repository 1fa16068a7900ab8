//! The credentials of a client: a key, a token, or a token provider.

pub(crate) mod file;
pub(crate) mod oauth;
mod token_endpoint;
mod tokens;

use std::fmt;
use std::sync::Arc;

use heygen_api::{BoxFuture, Credentials};
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::box_error::BoxError;
use crate::credentials_error::CredentialsError;
use crate::error::Error;
use token_endpoint::RenewalError;

/// Provides OAuth access tokens, for programs that store tokens themselves.
///
/// It is called before every attempt. Implementations should cache a token until shortly before it expires, and renew it only
/// once for concurrent callers.
pub trait TokenProvider: Send + Sync + 'static {
    /// Returns a valid token.
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>>;

    /// Reports that the service refused this token with 401. If it returns `true`, another token is available, and the call is
    /// repeated once.
    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, Result<bool, BoxError>> {
        let _ = token;
        Box::pin(std::future::ready(Ok(false)))
    }
}

/// Where the credentials of a client come from.
#[derive(Clone)]
pub(crate) enum Source {
    Key(SecretString),
    Token(SecretString),
    Provider(Arc<dyn TokenProvider>),
}

/// Credentials of one attempt.
#[derive(Clone)]
pub(crate) struct Presented {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
    /// The token, if it is from a provider.
    pub(crate) token: Option<SecretString>,
}

impl Source {
    /// Converts the source to the credentials of calls.
    ///
    /// # Errors
    ///
    /// A key or token is empty, or not a valid header value.
    pub(crate) fn ready(self) -> Result<Ready, Error> {
        let fixed = match self {
            Self::Key(key) => presented(&Credentials::api_key(key.expose_secret())),
            Self::Token(token) => presented(&Credentials::bearer_token(token.expose_secret())),
            Self::Provider(provider) => return Ok(Ready::Provider(provider)),
        };
        Ok(Ready::Fixed(fixed?))
    }
}

/// The credentials of a client.
pub(crate) enum Ready {
    /// The same header for every attempt.
    Fixed(Presented),
    Provider(Arc<dyn TokenProvider>),
    /// The transport of the program adds them.
    Absent,
}

impl Ready {
    /// Returns the header of the next attempt, unless a provider has to be asked.
    pub(crate) fn present_at_once(&self) -> Option<Option<Presented>> {
        match self {
            Self::Absent => Some(None),
            Self::Fixed(presented) => Some(Some(presented.clone())),
            Self::Provider(_) => None,
        }
    }

    /// Returns the header of the next attempt.
    pub(crate) async fn present(&self) -> Result<Option<Presented>, CredentialsError> {
        let Self::Provider(provider) = self else { return Ok(self.present_at_once().flatten()) };
        let token = provider.token().await.map_err(missing)?;
        let header = presented(&Credentials::bearer_token(token.expose_secret()));
        let header = header.map_err(|error| missing(error.into()))?;
        Ok(Some(Presented { token: Some(token), ..header }))
    }

    /// Whether credentials other than the refused ones are available.
    pub(crate) async fn renew(&self, refused: &Presented) -> Result<bool, CredentialsError> {
        match (self, &refused.token) {
            (Self::Provider(provider), Some(token)) => provider.refused(token).await.map_err(missing),
            _ => Ok(false),
        }
    }
}

/// Converts the error of a provider. Only for the provider of this crate, it is known whether the error is transient.
fn missing(error: BoxError) -> CredentialsError {
    let transient = error.downcast_ref::<RenewalError>().is_some_and(|error| !error.rejected);
    CredentialsError::new(error, transient)
}

fn presented(credentials: &Credentials) -> Result<Presented, heygen_api::Error> {
    let (name, value) = credentials.header()?;
    Ok(Presented { name, value, token: None })
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "Fixed",
            Self::Provider(_) => "Provider",
            Self::Absent => "Absent",
        })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key",
            Self::Token(_) => "Token",
            Self::Provider(_) => "Provider",
        })
    }
}
