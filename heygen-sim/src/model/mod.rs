//! The data of a workspace. The methods here need neither the state nor the environment.

pub(crate) mod asset;
pub(crate) mod avatar;
pub(crate) mod batch;
pub(crate) mod brand_kit;
pub(crate) mod consent;
pub(crate) mod delivery;
pub(crate) mod delivery_attempt;
pub(crate) mod delivery_queue;
pub(crate) mod event;
pub(crate) mod folder;
pub(crate) mod grants;
pub(crate) mod idempotency;
pub(crate) mod job;
pub(crate) mod realtime_stream;
pub(crate) mod run;
pub(crate) mod session;
pub(crate) mod spoken_words;
pub(crate) mod template;
pub(crate) mod tokens;
pub(crate) mod voice;
pub(crate) mod webhook_endpoint;
pub(crate) mod workflow;
