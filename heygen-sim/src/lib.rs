#![doc = include_str!("../README.md")]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod authorization;
mod builder;
mod catalogue;
mod clock;
mod control;
mod course;
mod document;
mod door;
mod fault;
mod files;
mod form;
pub mod guide;
mod idempotency;
mod inline;
mod jobs;
mod kept;
mod limits;
mod log;
mod mangle;
mod marker;
mod oauth;
mod refusal;
mod reply;
mod resources;
mod retired;
mod running;
mod server;
mod sim;
mod state;
mod store;
mod timeline;
mod wallet;
mod webhooks;
mod world;

pub use builder::SimBuilder;
pub use clock::Clock;
pub use fault::{Fault, InvalidFault};
pub use log::LoggedRequest;
pub use sim::{Sim, UnknownEventType};
pub use webhooks::deliver::{Delivery, SignatureGeneration};
