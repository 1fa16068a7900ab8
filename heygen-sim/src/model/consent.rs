//! Consents of the people whom avatars show.

/// A link at which a person gives consent.
pub(crate) struct Consent {
    pub(crate) group: String,
    pub(crate) created: u64,
    pub(crate) used: bool,
    pub(crate) reroute: Option<String>,
    pub(crate) text: Option<String>,
}
