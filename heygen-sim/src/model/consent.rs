//! Consent links. The person whom an avatar shows gives consent there.

/// A link at which a person gives consent.
pub(crate) struct Consent {
    /// Id of the avatar group.
    pub(crate) group: String,
    /// Creation time, in milliseconds since 1970.
    pub(crate) created: u64,
    /// Whether the person has agreed. A link works once.
    pub(crate) used: bool,
    /// URL to which the page redirects after the person has agreed.
    pub(crate) reroute: Option<String>,
    /// Text of the page, in place of the default.
    pub(crate) text: Option<String>,
}
