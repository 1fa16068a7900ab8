//! Brand kits.

use serde_json::Value;

use crate::schedule::Schedule;

pub(crate) struct Kit {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Shared in from another workspace: read only.
    pub(crate) shared: bool,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) color_roles: Value,
    pub(crate) font_roles: Value,
    pub(crate) logo_roles: Value,
}
