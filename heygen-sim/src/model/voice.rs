//! Voices.

use crate::schedule::Schedule;

/// A voice: a preset, a clone, a designed voice or a voice of the speech models.
pub(crate) struct Voice {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Language, as the catalogue or the request names it, such as `English`.
    pub(crate) language: String,
    pub(crate) gender: String,
    /// How a voice of the speech models is made: `professional` or `instant`.
    pub(crate) mode: Option<String>,
    /// Whether the voice was created in this workspace.
    pub(crate) owned: bool,
    /// Engines that can speak with the voice.
    pub(crate) engines: Vec<String>,
    /// Whether breaks in the text are allowed.
    pub(crate) support_pause: bool,
    /// Whether a locale can be chosen.
    pub(crate) support_locale: bool,
    /// Creation time, in milliseconds since 1970.
    pub(crate) created: u64,
    /// The creation of the voice; `None` for a preset.
    pub(crate) schedule: Option<Schedule>,
}
