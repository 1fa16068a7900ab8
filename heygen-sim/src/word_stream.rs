//! The event stream of a realtime avatar's words.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;

use crate::answer::Answer;
use crate::call::Call;
use crate::reply::Reply;
use crate::resources::realtime::{find, next_event};
use crate::world::World;

/// Streams the words when they are spoken; earlier ones at once. An event `end` closes the stream.
pub(crate) fn words(world: &Arc<World>, call: &Call) -> Answer {
    let changes = find(&mut world.state(), call)?.changes.subscribe();
    let (clock, world) = (world.env.clock.clone(), Arc::downgrade(world));
    let id = call.id("stream_id").to_owned();
    let events = stream::unfold(Some((0_usize, changes)), move |state| {
        let (clock, world, id) = (clock.clone(), world.clone(), id.clone());
        async move {
            let (sent, mut changes) = state?;
            loop {
                // The stream ends with the simulator.
                let world = world.upgrade()?;
                let (event, next) = {
                    let state = world.state();
                    next_event(state.streams.get(&id)?, sent, clock.now())
                };
                drop(world);
                match (event, next) {
                    (Some((event, sent, over)), _) => {
                        let rest = (!over).then_some((sent, changes));
                        return Some((Ok(Bytes::from(event)), rest));
                    }
                    (None, next) => tokio::select! {
                        () = clock.sleep_until(next) => {}
                        _ = changes.changed() => {}
                    },
                }
            }
        }
    });
    Ok(Reply::stream("text/event-stream", events))
}
