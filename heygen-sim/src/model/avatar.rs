//! Avatars: groups and their looks.

use crate::schedule::Schedule;

/// An avatar group: one identity with its looks.
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) gender: Option<String>,
    /// Whether the group was created in this workspace; otherwise it is a preset.
    pub(crate) owned: bool,
    /// `pending` or `approved`; `None` if the group needs no consent. Only a digital twin needs it.
    pub(crate) consent_status: Option<String>,
    pub(crate) default_voice_id: Option<String>,
    /// Creation time, in milliseconds since 1970.
    pub(crate) created: u64,
}

/// A look: one appearance of a group.
pub(crate) struct Look {
    pub(crate) id: String,
    pub(crate) group_id: String,
    pub(crate) name: String,
    /// `digital_twin`, `photo_avatar` or `studio_avatar`.
    pub(crate) avatar_type: String,
    /// Engines that can render the look.
    pub(crate) engines: Vec<String>,
    pub(crate) default_voice_id: Option<String>,
    /// `landscape` or `portrait`.
    pub(crate) orientation: String,
    /// Whether the background can be removed.
    pub(crate) matting: bool,
    pub(crate) tags: Vec<String>,
    /// Width and height of the image, in pixels.
    pub(crate) size: (u64, u64),
    /// The training; `None` for a preset.
    pub(crate) schedule: Option<Schedule>,
    /// The price that was charged, in millionths of a dollar.
    pub(crate) charge: i64,
}
