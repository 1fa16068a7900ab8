//! Programs written for v1 and v2 of the API go on working on v3.

mod assumptions;
mod color;
mod color_picture;
mod cost;
mod endpoint;
mod envelope;
mod image_key;
mod input_path;
mod look_up;
mod loss;
mod migrate_error;
mod options;
mod output;
mod plan;
mod planned_request;
mod planning;
mod request;
mod source;
mod table;
mod videos;

pub use cost::{Cost, CostChange};
pub use endpoint::{Endpoint, Level, NoCounterpart};
pub use envelope::Envelope;
pub use input_path::InputPath;
pub use look_up::{LookUp, LookUps};
pub use loss::{Loss, Policy, Problem, Refusal, Severity};
pub use migrate_error::MigrateError;
pub use options::MigrateOptions;
pub use plan::Plan;
pub use planned_request::{Action, PlannedRequest};
pub use request::{LegacyRequest, UnknownEndpoint};
pub use source::Carried;
pub use table::endpoints;
