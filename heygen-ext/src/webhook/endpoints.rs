//! Endpoints: registered once, told what they are to hear of, and given new secrets.

use std::fmt;
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use heygen_api::types::{
    CreateWebhookEndpointRequest, UpdateWebhookEndpointRequest, WebhookEndpointResponse, WebhookEventType,
};
use http::StatusCode;
use secrecy::SecretString;

use super::key_ring::KeyRing;
use crate::client::HeyGen;
use crate::error::Error;
use crate::means::Means;
use crate::pages::Paged;

/// Webhook endpoints and the log of events; made by [`HeyGen::webhooks`].
#[derive(Clone)]
pub struct Webhooks {
    pub(super) means: Means,
}

impl HeyGen {
    /// Webhook endpoints and the log of events.
    pub fn webhooks(&self) -> Webhooks {
        Webhooks { means: self.means() }
    }
}

/// What [`Webhooks::ensure_endpoint`] found or did.
#[derive(Clone)]
#[non_exhaustive]
pub enum EnsuredEndpoint {
    /// There was none; it was made, and this is its secret, which the service tells this once. Keep it.
    Created {
        /// The endpoint.
        endpoint: WebhookEndpointResponse,
        /// Its secret.
        secret: SecretString,
    },
    /// It heard of other events, and hears of these from now on.
    Updated(WebhookEndpointResponse),
    /// It is as it should be.
    Unchanged(WebhookEndpointResponse),
}

impl EnsuredEndpoint {
    /// The endpoint.
    pub fn endpoint(&self) -> &WebhookEndpointResponse {
        match self {
            Self::Created { endpoint, .. } | Self::Updated(endpoint) | Self::Unchanged(endpoint) => endpoint,
        }
    }

    /// Its secret, if it was made just now.
    pub fn secret(&self) -> Option<&SecretString> {
        match self {
            Self::Created { secret, .. } => Some(secret),
            _ => None,
        }
    }
}

impl fmt::Debug for EnsuredEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Created { .. } => "Created",
            Self::Updated(_) => "Updated",
            Self::Unchanged(_) => "Unchanged",
        };
        f.debug_tuple(name).field(&self.endpoint().endpoint_id).finish()
    }
}

impl Webhooks {
    /// Sees to it that an endpoint of this address hears of these events, or of all: finds it, tells it, or makes it. However
    /// often it is called, there is one. Two programs that call it at the same moment for the first time may make two, for the
    /// service need not refuse the second: let one of them see to it. Addresses are the same that are so letter for letter.
    ///
    /// The service tells the secret of an endpoint only when it is made. A program that has lost it makes another by
    /// [`rotate`](Self::rotate). An endpoint whose `status` is `disabled` stays so, for the API cannot switch it on; of several
    /// with this address one that hears is found first.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use heygen_ext::HeyGen;
    /// use heygen_ext::heygen_api::types::WebhookEventType;
    /// use heygen_ext::webhook::{EnsuredEndpoint, KeyRing};
    ///
    /// # async fn example(heygen: HeyGen, keys: KeyRing) -> Result<(), Box<dyn std::error::Error>> {
    /// let webhooks = heygen.webhooks();
    /// let url = "https://example.com/heygen";
    /// let events =
    ///     [WebhookEventType::AvatarVideoSuccess, WebhookEventType::AvatarVideoFail];
    /// let ensured = webhooks.ensure_endpoint(url, Some(&events)).await?;
    /// if let EnsuredEndpoint::Created { endpoint, secret } = ensured {
    ///     // And keep it where the next start finds it.
    ///     keys.add(&endpoint.endpoint_id, secret)?;
    /// } else if keys.is_empty() {
    ///     // Made before, and its secret is lost: another one, to be kept too.
    ///     let id = &ensured.endpoint().endpoint_id;
    ///     let secret = webhooks.rotate(id, &keys, Duration::ZERO).await?;
    ///     # drop(secret);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The service refused a call, or did not answer.
    pub async fn ensure_endpoint(
        &self,
        url: &str,
        events: Option<&[WebhookEventType]>,
    ) -> Result<EnsuredEndpoint, Error> {
        if let Some(endpoint) = self.find(url).await? {
            return self.tell(endpoint, events).await;
        }
        let mut body = CreateWebhookEndpointRequest::builder().url(url);
        if let Some(events) = events {
            body = body.events(events.to_vec());
        }
        let error = match self.means.api.create_webhook_endpoint().body(body).send().await {
            Ok(answer) => return created(answer.into_inner()),
            Err(error) => Error::from(error),
        };
        // Somebody else may have been quicker.
        if error.status() == Some(StatusCode::CONFLICT)
            && let Some(endpoint) = self.find(url).await?
        {
            return self.tell(endpoint, events).await;
        }
        Err(error)
    }

    async fn find(&self, url: &str) -> Result<Option<WebhookEndpointResponse>, Error> {
        let mut endpoints = self.means.api.list_webhook_endpoints().items();
        let mut disabled = None;
        while let Some(endpoint) = endpoints.try_next().await? {
            match endpoint.url == url {
                true if endpoint.status == "disabled" => disabled = disabled.or(Some(endpoint)),
                true => return Ok(Some(endpoint)),
                false => {}
            }
        }
        if let Some(endpoint) = &disabled {
            let endpoint_id = &endpoint.endpoint_id;
            tracing::warn!(endpoint_id, "the webhook endpoint is disabled, and hears of nothing");
        }
        Ok(disabled)
    }

    /// Tells an endpoint what it is to hear of, unless it does.
    async fn tell(
        &self,
        endpoint: WebhookEndpointResponse,
        events: Option<&[WebhookEventType]>,
    ) -> Result<EnsuredEndpoint, Error> {
        let wanted = events.map(|events| sorted(events.iter().map(|event| event.as_str().to_owned())));
        let present = endpoint.events.as_ref().map(|events| sorted(events.iter().cloned()));
        if wanted == present {
            return Ok(EnsuredEndpoint::Unchanged(endpoint));
        }
        let body = UpdateWebhookEndpointRequest::builder();
        let body = match events {
            Some(events) => body.events(events.to_vec()),
            // Null stands for all; leaving it out would change nothing.
            None => body.clear_events(),
        };
        let call = self.means.api.update_webhook_endpoint().endpoint_id(endpoint.endpoint_id).body(body);
        Ok(EnsuredEndpoint::Updated(call.await?.into_inner()))
    }

    /// Gives an endpoint a new secret, puts it on the ring, and lets the old ones on the ring be good for the window: what the
    /// service has queued may carry them.
    ///
    /// The service signs with the new secret at once. What it delivers before the ring has it is refused, and comes again.
    /// The result is the secret, to be kept.
    ///
    /// # Errors
    ///
    /// The service refused the call, or did not answer; then [`Error::may_have_executed`] says whether there may be a new
    /// secret, which to call again replaces. The ring is as it was.
    pub async fn rotate(
        &self,
        endpoint_id: &str,
        keys: &KeyRing,
        window: Duration,
    ) -> Result<SecretString, Error> {
        self.rotate_at(endpoint_id, keys, window, SystemTime::now()).await
    }

    /// The same at a time of the caller's, from which the window counts.
    ///
    /// # Errors
    ///
    /// As for [`rotate`](Self::rotate).
    pub async fn rotate_at(
        &self,
        endpoint_id: &str,
        keys: &KeyRing,
        window: Duration,
        now: SystemTime,
    ) -> Result<SecretString, Error> {
        let call = self.means.api.rotate_webhook_endpoint_secret().endpoint_id(endpoint_id);
        let secret = SecretString::from(call.await?.into_inner().secret);
        keys.rotate_at(endpoint_id, secret.clone(), window, now).map_err(|_| no_secret())?;
        Ok(secret)
    }
}

fn created(mut endpoint: WebhookEndpointResponse) -> Result<EnsuredEndpoint, Error> {
    match endpoint.secret.take().filter(|secret| !secret.is_empty()) {
        Some(secret) => Ok(EnsuredEndpoint::Created { endpoint, secret: secret.into() }),
        None => Err(no_secret()),
    }
}

fn no_secret() -> Error {
    Error::webhook("the service gave no secret for the endpoint: rotate it for one")
}

fn sorted(events: impl Iterator<Item = String>) -> Vec<String> {
    let mut events: Vec<_> = events.collect();
    events.sort_unstable();
    events.dedup();
    events
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhooks")
    }
}
