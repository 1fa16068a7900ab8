//! The words of a realtime avatar as an event stream, which follows the state for as long as it is read.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;

use crate::answer::Answer;
use crate::call::Call;
use crate::reply::Reply;
use crate::resources::realtime::{find, step};
use crate::world::World;

/// The words as they are spoken, those that were before at once; one event `end` closes the stream.
pub(crate) fn words(world: &Arc<World>, call: &Call) -> Answer {
    let changes = find(&mut world.state(), call)?.changes.subscribe();
    let (clock, world) = (world.env.clock.clone(), Arc::downgrade(world));
    let id = call.id("stream_id").to_owned();
    let events = stream::unfold(Some((0_usize, changes)), move |state| {
        let (clock, world, id) = (clock.clone(), world.clone(), id.clone());
        async move {
            let (told, mut changes) = state?;
            loop {
                // The simulator may be gone while somebody still listens.
                let world = world.upgrade()?;
                let (event, next) = {
                    let state = world.state();
                    step(state.streams.get(&id)?, told, clock.now())
                };
                drop(world);
                match (event, next) {
                    (Some((event, told, over)), _) => {
                        let rest = (!over).then_some((told, changes));
                        return Some((Ok(Bytes::from(event)), rest));
                    }
                    (None, then) => tokio::select! {
                        () = clock.sleep_until(then) => {}
                        _ = changes.changed() => {}
                    },
                }
            }
        }
    });
    Ok(Reply::stream("text/event-stream", events))
}
