//! Webhooks: endpoints, events, and their deliveries.

pub(crate) mod deliver;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod payloads;
mod queue;
