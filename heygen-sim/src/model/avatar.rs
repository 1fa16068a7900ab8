//! Avatars: groups and their looks.

use crate::schedule::Schedule;

pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) gender: Option<String>,
    /// Made in this workspace; otherwise a preset.
    pub(crate) owned: bool,
    /// Null where no consent is needed: only a digital twin needs it.
    pub(crate) consent_status: Option<String>,
    pub(crate) default_voice_id: Option<String>,
    pub(crate) created: u64,
}

pub(crate) struct Look {
    pub(crate) id: String,
    pub(crate) group_id: String,
    pub(crate) name: String,
    pub(crate) avatar_type: String,
    pub(crate) engines: Vec<String>,
    pub(crate) default_voice_id: Option<String>,
    pub(crate) orientation: String,
    /// Whether its background can be cut out.
    pub(crate) matting: bool,
    pub(crate) tags: Vec<String>,
    pub(crate) size: (u64, u64),
    /// Its training; none for one that was always there.
    pub(crate) schedule: Option<Schedule>,
}
