//! Voices.

use crate::schedule::Schedule;

pub(crate) struct Voice {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) gender: String,
    /// Cloned in this workspace.
    pub(crate) owned: bool,
    pub(crate) engines: Vec<String>,
    pub(crate) support_pause: bool,
    pub(crate) support_locale: bool,
    pub(crate) created: u64,
    /// Its making; none for one that was always there.
    pub(crate) schedule: Option<Schedule>,
}
