//! Manages webhook endpoints: registers them, changes their event types, and rotates their secrets.

use std::fmt;
use std::time::SystemTime;

use futures_util::TryStreamExt;
use heygen_api::types::{
    CreateWebhookEndpointRequest, UpdateWebhookEndpointRequest, WebhookEndpointResponse, WebhookEventType,
};
use http::StatusCode;
use secrecy::SecretString;

use crate::client::HeyGen;
use crate::client_context::ClientContext;
use crate::error::Error;
use crate::pages::Paged;
use crate::webhook::key_ring::KeyRing;

mod reconcile;

pub use self::reconcile::{NotInserted, ReconcileReport};

/// Manages webhook endpoints, and fetches missed events. [`HeyGen::webhooks`] returns it.
#[derive(Clone)]
pub struct Webhooks {
    pub(super) context: ClientContext,
}

impl HeyGen {
    /// Returns the management of webhook endpoints, which can also fetch missed events.
    pub fn webhooks(&self) -> Webhooks {
        Webhooks { context: self.context() }
    }
}

/// The result of [`Webhooks::ensure_endpoint`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum EnsuredEndpoint {
    /// The endpoint did not exist, and was created. Store the secret: the service returns it only once.
    Created {
        /// The endpoint.
        endpoint: WebhookEndpointResponse,
        /// Its secret.
        secret: SecretString,
    },
    /// The endpoint existed with other event types, and was updated.
    Updated(WebhookEndpointResponse),
    /// The endpoint existed with these event types.
    Unchanged(WebhookEndpointResponse),
}

impl EnsuredEndpoint {
    /// The endpoint.
    pub fn endpoint(&self) -> &WebhookEndpointResponse {
        match self {
            Self::Created { endpoint, .. } | Self::Updated(endpoint) | Self::Unchanged(endpoint) => endpoint,
        }
    }

    /// Its secret, if the endpoint was created.
    pub fn secret(&self) -> Option<&SecretString> {
        match self {
            Self::Created { secret, .. } => Some(secret),
            _ => None,
        }
    }
}

impl Webhooks {
    /// Makes sure that an endpoint with this URL exists and receives these event types: finds it, updates it, or creates it.
    /// With `None`, it receives all event types.
    ///
    /// Repeated calls use the same endpoint. URLs are compared character by character. If two programs make the first call at
    /// the same time, they may create two endpoints, because the service may accept both; call it from one of them only.
    ///
    /// The service returns the secret only when it creates an endpoint. If you lose the secret, call
    /// [`rotate`](Self::rotate) for a new one. An endpoint with the `status` `disabled` stays disabled, because the API cannot
    /// enable it. If several endpoints have this URL, one that is not disabled is preferred.
    ///
    /// ```no_run
    /// use std::time::SystemTime;
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
    ///     // For the next start of the program.
    ///     store(&endpoint.endpoint_id, &secret)?;
    ///     keys.add(&endpoint.endpoint_id, secret)?;
    /// } else if keys.is_empty() {
    ///     // The endpoint existed, but its secret is lost:
    ///     // rotate, and store the new one.
    ///     let id = &ensured.endpoint().endpoint_id;
    ///     let secret = webhooks.rotate(id, &keys, SystemTime::now()).await?;
    ///     store(id, &secret)?;
    /// }
    /// # Ok(())
    /// # }
    /// # fn store(_: &str, _: &heygen_ext::secrecy::SecretString) -> std::io::Result<()> { Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If a call to the service fails.
    pub async fn ensure_endpoint(
        &self,
        url: &str,
        events: Option<&[WebhookEventType]>,
    ) -> Result<EnsuredEndpoint, Error> {
        if let Some(endpoint) = self.find(url).await? {
            return self.update_events(endpoint, events).await;
        }
        let mut body = CreateWebhookEndpointRequest::builder().url(url);
        if let Some(events) = events {
            body = body.events(events.to_vec());
        }
        let error = match self.context.api.create_webhook_endpoint().body(body).send().await {
            Ok(response) => return created(response.into_inner()),
            Err(error) => Error::from(error),
        };
        // Another program may have created the endpoint in the meantime.
        if error.status() == Some(StatusCode::CONFLICT)
            && let Some(endpoint) = self.find(url).await?
        {
            return self.update_events(endpoint, events).await;
        }
        Err(error)
    }

    async fn find(&self, url: &str) -> Result<Option<WebhookEndpointResponse>, Error> {
        let mut endpoints = self.context.api.list_webhook_endpoints().items();
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
            tracing::warn!(
                endpoint_id,
                "the webhook endpoint is disabled and receives no events; enable it in the HeyGen application"
            );
        }
        Ok(disabled)
    }

    /// Updates the event types of an endpoint if they differ.
    async fn update_events(
        &self,
        endpoint: WebhookEndpointResponse,
        events: Option<&[WebhookEventType]>,
    ) -> Result<EnsuredEndpoint, Error> {
        let requested = events.map(|events| sorted(events.iter().map(|event| event.as_str().to_owned())));
        let current = endpoint.events.as_ref().map(|events| sorted(events.iter().cloned()));
        if requested == current {
            return Ok(EnsuredEndpoint::Unchanged(endpoint));
        }
        let body = UpdateWebhookEndpointRequest::builder();
        let body = match events {
            Some(events) => body.events(events.to_vec()),
            // `null` means all event types. An absent member would change nothing.
            None => body.clear_events(),
        };
        let call = self.context.api.update_webhook_endpoint().endpoint_id(endpoint.endpoint_id).body(body);
        Ok(EnsuredEndpoint::Updated(call.await?.into_inner()))
    }

    /// Rotates the secret of an endpoint, and adds the new secret to `keys`. Store the returned secret.
    ///
    /// Name the endpoint in `keys` by its id: the secrets that `keys` has under `endpoint_id`, and no others, expire at `expires`,
    /// because deliveries in the queue of the service may be signed with them. The service signs with the new secret at once. A
    /// delivery that arrives before `keys` contains the new secret is refused, and the service repeats it.
    ///
    /// # Errors
    ///
    /// If the call fails. `keys` is then unchanged. [`Error::may_have_executed`] tells whether the service may have created a
    /// new secret; a second call replaces it.
    pub async fn rotate(
        &self,
        endpoint_id: &str,
        keys: &KeyRing,
        expires: SystemTime,
    ) -> Result<SecretString, Error> {
        let call = self.context.api.rotate_webhook_endpoint_secret().endpoint_id(endpoint_id);
        let secret = SecretString::from(call.await?.into_inner().secret);
        if keys.has_only_others(endpoint_id) {
            tracing::warn!(
                endpoint_id,
                "no secret of the key ring has the name of the rotated endpoint, so none expires; add secrets with \
                 `KeyRing::add` under the id of their endpoint"
            );
        }
        keys.rotate(endpoint_id, secret.clone(), expires).map_err(|_| no_secret())?;
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
    Error::webhook("the service returned no secret for the webhook endpoint; call `Webhooks::rotate` for one")
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
