//! The methods of [`Legacy`](super::Legacy): one for each endpoint of v1 and v2.

mod avatars;
mod call_parts;
mod lists;
mod photo_avatars;
mod translations;
mod uploads;
mod videos;
mod voices;
mod without_counterpart;
mod workspace;

pub use lists::{ListPage, PageOf};
