//! Who calls: a key, a token, or a provider of tokens.

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

/// Gives OAuth access tokens, for programs that keep them in a way of their own.
///
/// It is asked before every attempt, so it should keep a token until shortly before its end, and make one new token for many
/// callers that ask at once.
pub trait TokenProvider: Send + Sync + 'static {
    /// A token that is good now.
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>>;

    /// The service refused this token with 401. The call is repeated once when this says that there is another.
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
    /// The token, where a provider gave it.
    pub(crate) token: Option<SecretString>,
}

impl Source {
    /// The credentials as calls use them.
    ///
    /// # Errors
    ///
    /// A key or token is empty, or fits into no header.
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
    /// The same header for every attempt, made once.
    Fixed(Presented),
    Provider(Arc<dyn TokenProvider>),
    /// The transport adds them.
    Absent,
}

impl Ready {
    /// The header of the next attempt.
    pub(crate) async fn present(&self) -> Result<Option<Presented>, CredentialsError> {
        match self {
            Self::Absent => Ok(None),
            Self::Fixed(presented) => Ok(Some(presented.clone())),
            Self::Provider(provider) => {
                let token = provider.token().await.map_err(missing)?;
                let header = presented(&Credentials::bearer_token(token.expose_secret()));
                let header = header.map_err(|error| missing(error.into()))?;
                Ok(Some(Presented { token: Some(token), ..header }))
            }
        }
    }

    /// Whether there are other credentials than those that were refused.
    pub(crate) async fn renew(&self, refused: &Presented) -> Result<bool, CredentialsError> {
        match (self, &refused.token) {
            (Self::Provider(provider), Some(token)) => provider.refused(token).await.map_err(missing),
            _ => Ok(false),
        }
    }
}

/// Why a provider gave no token. Whether it may give one later is known of ours only.
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
