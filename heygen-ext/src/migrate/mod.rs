//! Programs written for v1 and v2 of the API go on working on v3.
//!
//! Support of v1 and v2 ended on 31 October 2026. The [guide] has the table of all endpoints, worked examples, and pages for
//! programs in Rust, Python and JavaScript.
//!
//! | to | use |
//! |---|---|
//! | see what a request would be in v3, offline | [`LegacyRequest::plan`], which makes a [`Plan`] |
//! | call v1 and v2 from Rust, with their types | [`HeyGen::legacy`](crate::HeyGen::legacy), and [`types`] |
//! | answer programs in any language | [`LegacyService`]; the example `legacy_gateway` serves it |
//! | find out what a program needs | [`inspect`](mod@inspect), and the example of that name |
//! | send events of v3 to programs that expect those of v1 | [`LegacyEvent`] |
//!
//! Three rules hold everywhere. No value of a request is dropped silently: each is in a request of v3, or it is a [`Loss`]
//! with its path, a reason and an alternative. With [`Policy::Strict`], the default, a loss of what is shown, spoken or billed
//! refuses the request before anything is paid; so does a charge for a call that was free of charge, such as the upload of a
//! talking photo, until it is accepted. A call that was free of charge, with `test` or `validate_only`, never becomes
//! one that is charged.
//!
//! ```
//! use heygen_ext::http::Method;
//! use heygen_ext::migrate::{LegacyRequest, LookUps, MigrateOptions};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), heygen_ext::migrate::MigrateError> {
//! let target = "https://api.heygen.com/v2/video_translate";
//! let request = LegacyRequest::new(&Method::POST, target)?.json(json!({
//!     "video_url": "https://example.com/talk.mp4",
//!     "output_language": "French",
//!     "mode": "fast",
//! }));
//! let plan = request.plan(&LookUps::new(), &MigrateOptions::new())?;
//! assert_eq!(plan.requests()[0].path(), "/v3/video-translations");
//! println!("{plan}");
//! # Ok(())
//! # }
//! ```

mod account;
mod accounts;
mod agents;
mod assets;
mod assumptions;
mod avatar_charge;
mod avatars;
mod brand_voices;
mod cache;
mod color;
mod color_picture;
mod cost;
mod endpoint;
mod envelope;
mod facade;
mod fallback;
mod fallbacks;
mod fill;
mod folders;
pub mod guide;
mod image_key;
mod input_path;
pub mod inspect;
mod legacy;
mod legacy_event;
mod look_up;
mod loss;
mod memory;
mod migrate_error;
mod options;
mod output;
mod photo_avatars;
mod photo_look;
mod photo_prompt;
mod plan;
mod planned_request;
mod planning;
mod proofreads;
mod repeats;
mod request;
mod request_body;
mod runner;
mod service;
mod silence;
mod source;
mod table;
mod templates;
mod test_switch;
mod tolerant;
mod translations;
pub mod types;
mod unknown_endpoint;
mod videos;
mod voices;
mod webhook_endpoints;
mod without_counterpart;

pub use cost::{Cost, CostChange};
pub use endpoint::{Endpoint, Level, NoCounterpart};
pub use envelope::Envelope;
pub use facade::{ListPage, PageOf};
pub use input_path::InputPath;
pub use legacy::{Legacy, Migrated};
pub use legacy_event::LegacyEvent;
pub use look_up::{LookUp, LookUps};
pub use loss::{Loss, Policy, Problem, Refusal, Severity};
pub use migrate_error::MigrateError;
pub use options::MigrateOptions;
pub use plan::Plan;
pub use planned_request::{Action, PlannedRequest};
pub use request::LegacyRequest;
pub use service::LegacyService;
pub use source::Carried;
pub use table::endpoints;
pub use tolerant::from_value;
pub use unknown_endpoint::UnknownEndpoint;
