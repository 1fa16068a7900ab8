//! OAuth tokens that are renewed automatically.

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
use crate::secret;

/// How long before it expires a token is renewed.
const MARGIN: Duration = Duration::from_secs(60);

/// OAuth tokens, for [`HeyGenBuilder::oauth`](crate::HeyGenBuilder::oauth). Every call sends the access token. It is renewed
/// with the refresh token 60 seconds before it expires, and once if the service refuses it.
///
/// Concurrent calls share one renewal. It runs in a separate tokio task, so that dropping a call does not lose the answer: a
/// refresh token may be valid only once.
///
/// The tokens are stored in memory. A program that stores renewed tokens itself implements [`TokenProvider`] instead. For the
/// tokens of the credentials file, see [`HeyGenBuilder::from_env`](crate::HeyGenBuilder::from_env).
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
    /// Creates OAuth tokens. The access token may have expired.
    pub fn new(access_token: impl Into<String>, refresh_token: impl Into<String>) -> Self {
        // A blank token is refused when the client is built.
        let clean = |name, token: String| secret::clean(name, &token.into()).unwrap_or_else(|| "".into());
        Self {
            tokens: Tokens {
                access: clean("the access token", access_token.into()),
                refresh: Some(clean("the refresh token", refresh_token.into())),
                expires: None,
                client_id: None,
            },
            token_url: TOKEN_URL.to_owned(),
            file: None,
        }
    }

    /// Sets when the access token expires. Without it, the token is renewed when the service refuses it.
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.tokens.expires = Some(time);
        self
    }

    /// Sets the id of the OAuth client that the tokens were issued to. It is required, because the service renews tokens only for
    /// this client.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.tokens.client_id = Some(id.into());
        self
    }

    /// Sets the URL of the token endpoint; the default is `https://api2.heygen.com/v1/oauth/token`. Plain HTTP is refused, except
    /// to this machine.
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = url.into();
        self
    }

    /// Creates OAuth tokens from a file, to which renewed tokens are written.
    pub(crate) fn from_file(tokens: Tokens, file: CredentialsFile) -> Self {
        Self { tokens, token_url: TOKEN_URL.to_owned(), file: Some(file) }
    }

    pub(crate) fn provider(
        self,
        runtime: Arc<dyn Runtime>,
        clients: &HttpClientFactory,
    ) -> Result<RenewingProvider, Error> {
        let is_set = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
        if self.file.is_none() {
            if !is_set(self.tokens.client_id.as_deref()) {
                return Err(Error::configuration(
                    "the client id for the renewal of tokens is missing: call `OAuth::client_id`",
                ));
            }
            if !is_set(self.tokens.refresh.as_ref().map(ExposeSecret::expose_secret)) {
                return Err(Error::configuration("the refresh token is empty: pass it to `OAuth::new`"));
            }
        }
        let file_access = self.tokens.access.clone();
        let state =
            State { tokens: self.tokens, file_access, refused: false, ignores_margin: false, failure: None };
        Ok(RenewingProvider(Arc::new(Renewal {
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

/// A token provider that renews tokens.
#[derive(Debug)]
pub(crate) struct RenewingProvider(Arc<Renewal>);

struct Renewal {
    endpoint: TokenEndpoint,
    file: Option<CredentialsFile>,
    runtime: Arc<dyn Runtime>,
    state: Arc<Mutex<State>>,
    /// The number of renewals that have ended. A caller that waited for a failed renewal does not start another one.
    attempts: AtomicU64,
}

struct State {
    tokens: Tokens,
    /// The access token in the file when it was last read or written.
    file_access: SecretString,
    /// Whether the service refused the access token.
    refused: bool,
    /// Whether the token is used until it expires, because an early renewal failed or does not help.
    ignores_margin: bool,
    /// Why the last renewal failed.
    failure: Option<RenewalError>,
}

impl State {
    fn is_valid(&self, date: SystemTime) -> bool {
        let margin = if self.ignores_margin { Duration::ZERO } else { MARGIN };
        self.lasts(date, margin)
    }

    /// Whether the token was not refused, and does not expire within `margin`.
    fn lasts(&self, date: SystemTime, margin: Duration) -> bool {
        !self.refused
            && self.tokens.expires.is_none_or(|end| date.checked_add(margin).is_some_and(|then| then < end))
    }

    fn is_rejected(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.rejected)
    }

    /// Replaces the tokens, and resets the state of the old ones.
    fn replace_tokens(&mut self, tokens: Tokens) {
        self.tokens = tokens;
        self.refused = false;
        self.ignores_margin = false;
        self.failure = None;
    }
}

impl TokenProvider for RenewingProvider {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        Box::pin(async {
            let seen = self.0.attempts.load(Ordering::Acquire);
            let state = Arc::clone(&self.0.state).lock_owned().await;
            if state.is_valid(self.0.runtime.system_time()) {
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

impl RenewingProvider {
    /// Renews the token, unless a renewal has failed since `seen` was read.
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
            Err(_) => Err(RenewalError::transient("the renewal of the token was interrupted: try again")),
        }
    }
}

impl Renewal {
    async fn renew(&self, state: &mut State) -> Result<(), RenewalError> {
        let Err(failure) = self.attempt(state).await else { return Ok(()) };
        // A permanent problem is logged only once.
        if !state.is_rejected() {
            tracing::warn!(problem = %failure, "the access token was not renewed");
        }
        state.failure = Some(failure.clone());
        state.ignores_margin = true;
        if state.is_valid(self.runtime.system_time()) { Ok(()) } else { Err(failure) }
    }

    async fn attempt(&self, state: &mut State) -> Result<(), RenewalError> {
        let date = self.runtime.system_time();
        if self.reload_file(state).await && state.is_valid(date) {
            return Ok(());
        }
        if let Some(failure) = state.failure.as_ref().filter(|failure| failure.rejected) {
            return Err(failure.clone());
        }
        match self.exchange(state).await {
            // Another program may have used the refresh token first.
            Err(failure) if failure.rejected && self.reload_file(state).await => {
                if state.is_valid(date) {
                    Ok(())
                } else {
                    self.exchange(state).await
                }
            }
            result => result,
        }
    }

    /// Uses tokens that another program has written to the file. Returns whether there were new tokens.
    async fn reload_file(&self, state: &mut State) -> bool {
        let Some(file) = self.file.clone() else { return false };
        let tokens = match tokio::task::spawn_blocking(move || file.read()).await {
            Ok(Ok(Some(Stored::OAuth(tokens)))) => tokens,
            Ok(Ok(_)) | Err(_) => return false,
            Ok(Err(problem)) => {
                tracing::warn!(%problem, "cannot read the credentials file: keeps the current tokens");
                return false;
            }
        };
        // If the file has not changed, tokens that could not be written to it are newer.
        if tokens.access.expose_secret() == state.file_access.expose_secret() {
            return false;
        }
        state.file_access = tokens.access.clone();
        let client_id = tokens.client_id.clone().or_else(|| state.tokens.client_id.clone());
        state.replace_tokens(Tokens { client_id, ..tokens });
        true
    }

    async fn exchange(&self, state: &mut State) -> Result<(), RenewalError> {
        let location =
            self.file.as_ref().map(|file| format!(" in `{}`", file.path().display())).unwrap_or_default();
        let Some(used) = state.tokens.refresh.clone() else {
            return Err(RenewalError::rejected(format!(
                "the access token{location} is no longer valid, and the refresh token is missing: log in again"
            )));
        };
        let Some(client_id) = state.tokens.client_id.clone() else {
            return Err(RenewalError::rejected(format!(
                "the access token{location} is no longer valid, and the client id for its renewal is unknown: set \
                 HEYGEN_OAUTH_CLIENT_ID, log in again, or renew it with the program that created it"
            )));
        };
        // The lifetime starts when the service creates the token, which is later.
        let sent = self.runtime.system_time();
        let renewed = self.endpoint.renew(&used, &client_id).await?;
        let tokens = Tokens {
            access: renewed.access,
            refresh: Some(renewed.refresh.unwrap_or_else(|| used.clone())),
            expires: renewed.lifetime.and_then(|lifetime| sent.checked_add(lifetime)),
            client_id: Some(client_id),
        };
        if self.persist(state.file_access.clone(), tokens.clone()).await {
            state.file_access = tokens.access.clone();
        }
        state.replace_tokens(tokens);
        // A token with a lifetime below the margin is used until it expires.
        state.ignores_margin = !state.lasts(sent, MARGIN);
        tracing::debug!("the access token was renewed");
        Ok(())
    }

    /// Writes new tokens to the file of the old ones. Returns whether they were written.
    async fn persist(&self, file_access: SecretString, tokens: Tokens) -> bool {
        let Some(file) = self.file.clone() else { return false };
        let path = file.path().to_owned();
        let written = tokio::task::spawn_blocking(move || file.replace(&file_access, &tokens)).await;
        let problem = match written {
            Ok(Ok(())) => return true,
            Ok(Err(problem)) => problem.to_string(),
            Err(_) => "interrupted".to_owned(),
        };
        tracing::warn!(
            path = %path.display(),
            %problem,
            "the renewed tokens were not saved: this program continues to use them, but other programs may have to log in again"
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
