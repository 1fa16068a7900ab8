//! The simulator as any program sees it: over HTTP, without a client of ours.

mod deletes;
mod pipeline;
// They are run by a shell.
#[cfg(unix)]
mod examples;
mod faults;
mod files;
mod idempotency;
mod jobs;
mod load;
mod memory;
mod program;
mod receiver;
mod runs;
mod sessions;
mod streams;
mod uploads;
mod webhooks;
