//! OAuth tokens that renew themselves.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use heygen_api::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::Instrument;

use super::TokenProvider;
use super::file::{CredentialsFile, Stored};
use super::token_endpoint::{RenewalError, TOKEN_URL, TokenEndpoint};
use super::tokens::Tokens;
use crate::box_error::BoxError;
use crate::error::Error;
use crate::http_client::HttpClientFactory;
use crate::runtime::Runtime;

/// How long before its end a token is renewed.
const MARGIN: Duration = Duration::from_secs(60);

/// OAuth tokens, for [`HeyGenBuilder::oauth`](crate::HeyGenBuilder::oauth): the access token goes with every call, and is
/// renewed with the refresh token 60 seconds before its end, and once when the service refuses it.
///
/// However many calls need a new token at once, it is asked for once. That runs as a task of the tokio runtime, so that
/// a call that is dropped meanwhile does not lose the answer: the service may take a refresh token only once.
///
/// The tokens are kept in memory. A program that keeps them in a place of its own, and has to hear of new ones, implements
/// [`TokenProvider`] instead; for those of the credentials file see
/// [`HeyGenBuilder::from_env`](crate::HeyGenBuilder::from_env).
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use heygen_ext::{HeyGen, OAuth};
///
/// let tokens = OAuth::new("access token", "refresh token")
///     .client_id("id of your program")
///     .expires_at(SystemTime::now() + Duration::from_secs(864_000));
/// let heygen = HeyGen::builder().oauth(tokens).build()?;
/// # Ok::<_, heygen_ext::Error>(())
/// ```
#[must_use]
pub struct OAuth {
    tokens: Tokens,
    token_url: String,
    file: Option<CredentialsFile>,
}

impl OAuth {
    /// These tokens. The access token may be one that has expired.
    pub fn new(access_token: impl Into<String>, refresh_token: impl Into<String>) -> Self {
        Self {
            tokens: Tokens {
                access: SecretString::from(access_token.into()),
                refresh: Some(SecretString::from(refresh_token.into())),
                expires: None,
                client_id: None,
            },
            token_url: TOKEN_URL.to_owned(),
            file: None,
        }
    }

    /// The end of the access token. Without it, the token is renewed when the service refuses it.
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.tokens.expires = Some(time);
        self
    }

    /// Id of the OAuth client that the tokens were given to. The service renews them for no other, so it must be there.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.tokens.client_id = Some(id.into());
        self
    }

    /// Renews at this address; the default is `https://api2.heygen.com/v1/oauth/token`. Plain http is refused, except to
    /// this machine.
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = url.into();
        self
    }

    /// Tokens of a file, which gets the renewed ones.
    pub(crate) fn of_file(tokens: Tokens, file: CredentialsFile) -> Self {
        Self { tokens, token_url: TOKEN_URL.to_owned(), file: Some(file) }
    }

    pub(crate) fn provider(
        self,
        runtime: Arc<dyn Runtime>,
        clients: &HttpClientFactory,
    ) -> Result<Renewing, Error> {
        let named = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
        if self.file.is_none() {
            if !named(self.tokens.client_id.as_deref()) {
                return Err(Error::configuration(
                    "no client id to renew tokens with: call `OAuth::client_id`",
                ));
            }
            if !named(self.tokens.refresh.as_ref().map(ExposeSecret::expose_secret)) {
                return Err(Error::configuration("the refresh token is empty: give it to `OAuth::new`"));
            }
        }
        let on_file = self.tokens.access.clone();
        let state = State { tokens: self.tokens, on_file, refused: false, hasty: false, failure: None };
        Ok(Renewing(Arc::new(Renewal {
            endpoint: TokenEndpoint::new(&self.token_url, clients)?,
            file: self.file,
            runtime,
            state: Arc::new(Mutex::new(state)),
            attempts: AtomicU64::new(0),
        })))
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("expires_at", &self.tokens.expires).finish_non_exhaustive()
    }
}

/// The provider of renewed tokens.
#[derive(Debug)]
pub(crate) struct Renewing(Arc<Renewal>);

struct Renewal {
    endpoint: TokenEndpoint,
    file: Option<CredentialsFile>,
    runtime: Arc<dyn Runtime>,
    state: Arc<Mutex<State>>,
    /// How many renewals have ended. Who has waited for one that failed does not try it again.
    attempts: AtomicU64,
}

struct State {
    tokens: Tokens,
    /// The access token that the file had when it was last looked at.
    on_file: SecretString,
    /// Whether the service refused the access token.
    refused: bool,
    /// Whether a renewal ahead of time does not help, or has failed: the next is made when it has to be.
    hasty: bool,
    /// Why the last renewal failed.
    failure: Option<RenewalError>,
}

impl State {
    fn is_good(&self, date: SystemTime) -> bool {
        let margin = if self.hasty { Duration::ZERO } else { MARGIN };
        self.lasts(date, margin)
    }

    fn lasts(&self, date: SystemTime, margin: Duration) -> bool {
        !self.refused
            && self.tokens.expires.is_none_or(|end| date.checked_add(margin).is_some_and(|then| then < end))
    }

    fn is_rejected(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.rejected)
    }

    /// Takes other tokens; what was known of the old ones is over.
    fn take(&mut self, tokens: Tokens) {
        self.tokens = tokens;
        self.refused = false;
        self.hasty = false;
        self.failure = None;
    }
}

impl TokenProvider for Renewing {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        Box::pin(async {
            let seen = self.0.attempts.load(Ordering::Acquire);
            let state = Arc::clone(&self.0.state).lock_owned().await;
            if state.is_good(self.0.runtime.system_time()) {
                return Ok(state.tokens.access.clone());
            }
            Ok(self.renewed(state, seen).await?)
        })
    }

    fn refused<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, Result<bool, BoxError>> {
        Box::pin(async move {
            let seen = self.0.attempts.load(Ordering::Acquire);
            let mut state = Arc::clone(&self.0.state).lock_owned().await;
            if state.tokens.access.expose_secret() == token.expose_secret() {
                state.refused = true;
                self.renewed(state, seen).await?;
            }
            Ok(true)
        })
    }
}

impl Renewing {
    /// A new token, unless somebody has failed to get one since `seen` was read.
    async fn renewed(
        &self,
        mut state: OwnedMutexGuard<State>,
        seen: u64,
    ) -> Result<SecretString, RenewalError> {
        if let (Some(failure), true) = (&state.failure, self.0.attempts.load(Ordering::Acquire) > seen) {
            return Err(failure.clone());
        }
        let renewal = Arc::clone(&self.0);
        let task = async move {
            let result = renewal.renew(&mut state).await;
            renewal.attempts.fetch_add(1, Ordering::AcqRel);
            result.map(|()| state.tokens.access.clone())
        };
        match tokio::spawn(task.in_current_span()).await {
            Ok(result) => result,
            Err(_) => Err(RenewalError::passing("the renewal of the token was interrupted")),
        }
    }
}

impl Renewal {
    async fn renew(&self, state: &mut State) -> Result<(), RenewalError> {
        let Err(failure) = self.attempt(state).await else { return Ok(()) };
        // A lasting problem is logged once.
        if !state.is_rejected() {
            tracing::warn!(problem = %failure, "the access token was not renewed");
        }
        state.failure = Some(failure.clone());
        state.hasty = true;
        if state.is_good(self.runtime.system_time()) { Ok(()) } else { Err(failure) }
    }

    async fn attempt(&self, state: &mut State) -> Result<(), RenewalError> {
        let date = self.runtime.system_time();
        if self.adopt(state).await && state.is_good(date) {
            return Ok(());
        }
        if let Some(failure) = state.failure.as_ref().filter(|failure| failure.rejected) {
            return Err(failure.clone());
        }
        match self.exchange(state).await {
            // Another program may have been quicker with a refresh token that is good once.
            Err(failure) if failure.rejected && self.adopt(state).await => {
                if state.is_good(date) {
                    Ok(())
                } else {
                    self.exchange(state).await
                }
            }
            result => result,
        }
    }

    /// Takes over what another program has written into the file. Whether there was something.
    async fn adopt(&self, state: &mut State) -> bool {
        let Some(file) = self.file.clone() else { return false };
        let tokens = match tokio::task::spawn_blocking(move || file.read()).await {
            Ok(Ok(Some(Stored::OAuth(tokens)))) => tokens,
            Ok(Ok(_)) | Err(_) => return false,
            Ok(Err(problem)) => {
                tracing::warn!(%problem, "goes on with the tokens that it has");
                return false;
            }
        };
        // What this program could not write is newer than what the file has.
        if tokens.access.expose_secret() == state.on_file.expose_secret() {
            return false;
        }
        state.on_file = tokens.access.clone();
        let client_id = tokens.client_id.clone().or_else(|| state.tokens.client_id.clone());
        state.take(Tokens { client_id, ..tokens });
        true
    }

    async fn exchange(&self, state: &mut State) -> Result<(), RenewalError> {
        let place =
            self.file.as_ref().map(|file| format!(" in `{}`", file.path().display())).unwrap_or_default();
        let Some(used) = state.tokens.refresh.clone() else {
            return Err(RenewalError::rejected(format!(
                "the access token{place} is not valid any more and the refresh token is missing: log in again"
            )));
        };
        let Some(client_id) = state.tokens.client_id.clone() else {
            return Err(RenewalError::rejected(format!(
                "the access token{place} is not good any more, and the client id to renew it with is not known: let the \
                 program renew it that it comes from, set HEYGEN_OAUTH_CLIENT_ID, or log in again"
            )));
        };
        // The service counts from some moment after this one.
        let sent = self.runtime.system_time();
        let renewed = self.endpoint.renew(&used, &client_id).await?;
        let tokens = Tokens {
            access: renewed.access,
            refresh: Some(renewed.refresh.unwrap_or_else(|| used.clone())),
            expires: renewed.lifetime.and_then(|lifetime| sent.checked_add(lifetime)),
            client_id: Some(client_id),
        };
        if self.persist(state.on_file.clone(), tokens.clone()).await {
            state.on_file = tokens.access.clone();
        }
        state.take(tokens);
        // One that lasts no longer than that is used to its end.
        state.hasty = !state.lasts(sent, MARGIN);
        tracing::debug!("the access token was renewed");
        Ok(())
    }

    /// Writes new tokens to the file that the old ones came from. Whether they are there now.
    async fn persist(&self, on_file: SecretString, tokens: Tokens) -> bool {
        let Some(file) = self.file.clone() else { return false };
        let path = file.path().to_owned();
        let written = tokio::task::spawn_blocking(move || file.replace(&on_file, &tokens)).await;
        let problem = match written {
            Ok(Ok(())) => return true,
            Ok(Err(problem)) => problem.to_string(),
            Err(_) => "interrupted".to_owned(),
        };
        tracing::warn!(
            path = %path.display(),
            %problem,
            "the renewed tokens were not saved: this program goes on with them, another may have to log in again"
        );
        false
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal")
            .field("endpoint", &self.endpoint)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
