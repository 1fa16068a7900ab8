//! Tests of the simulator over HTTP, without one of the client crates of this workspace.

mod clients;
// The tests run a shell.
#[cfg(unix)]
mod browser;
mod clocks;
mod deletes;
// The tests run a shell.
#[cfg(unix)]
mod examples;
mod faults;
mod files;
mod hostile;
mod http;
mod idempotency;
mod jobs;
mod languages;
mod load;
mod memory;
mod models;
mod oauth;
mod page;
#[cfg(unix)]
mod page_in_browser;
mod pipeline;
mod program;
mod receiver;
mod runs;
mod safety;
mod sessions;
mod streams;
mod uploads;
mod webhooks;
mod workspace;
