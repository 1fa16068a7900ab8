//! Folders.

/// A folder of the workspace.
pub(crate) struct Folder {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `mixed`, `video` or `video_translate`.
    pub(crate) kind: String,
    /// Id of the folder around it; `None` at the root.
    pub(crate) parent: Option<String>,
    /// Creation time, in milliseconds since 1970.
    pub(crate) created: u64,
}
