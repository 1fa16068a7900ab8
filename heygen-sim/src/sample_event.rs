//! Events on request, for receivers under test.

use crate::env::Env;
use crate::state::State;
use crate::{events, payloads};

/// An event of that type about nothing that exists, for a receiver that wants to see one.
pub(crate) fn emit(env: &Env, state: &mut State, event_type: &str) -> bool {
    let Some(data) = payloads::sample(env, event_type) else { return false };
    events::emit(env, state, env.clock.now(), event_type, &[], data, None);
    true
}
