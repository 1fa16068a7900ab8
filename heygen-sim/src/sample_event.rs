//! Sample events, to test receivers.

use crate::env::Env;
use crate::state::State;
use crate::{events, payloads};

/// Sends an event of this type about a resource that does not exist. Returns `false` if the type is unknown.
pub(crate) fn emit(env: &Env, state: &mut State, event_type: &str) -> bool {
    let Some(data) = payloads::sample(env, event_type) else { return false };
    events::emit(env, state, env.clock.now(), event_type, &[], data, None);
    true
}
