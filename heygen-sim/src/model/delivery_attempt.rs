//! One attempt of a delivery.

use bytes::Bytes;

/// An event on its way to one receiver.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) body: Bytes,
    pub(crate) url: String,
    /// The endpoint; none for the `callback_url` of a request.
    pub(crate) endpoint: Option<String>,
    pub(crate) number: u32,
    /// When it was first due, and when this attempt was.
    pub(crate) first: u64,
    pub(crate) due: u64,
}

impl Attempt {
    pub(crate) fn first(
        event_id: &str,
        event_type: &str,
        body: Bytes,
        url: String,
        endpoint: Option<String>,
        due: u64,
    ) -> Self {
        let (event_id, event_type) = (event_id.to_owned(), event_type.to_owned());
        Self { event_id, event_type, body, url, endpoint, number: 1, first: due, due }
    }
}
