//! Brand kits.

use serde_json::Value;

use crate::schedule::Schedule;

/// A brand kit: the colors, fonts and logos of a brand.
pub(crate) struct Kit {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether another workspace shares it. Such a kit is read-only.
    pub(crate) shared: bool,
    /// The import from a website; `None` for a preset.
    pub(crate) schedule: Option<Schedule>,
    /// The color, font and logo for each role, as the service shows them.
    pub(crate) color_roles: Value,
    pub(crate) font_roles: Value,
    pub(crate) logo_roles: Value,
}
