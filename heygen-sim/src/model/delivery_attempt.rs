//! One attempt to deliver a webhook.

use bytes::Bytes;

/// A webhook for one receiver, and the attempt that is due next.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    /// The JSON body, as it is signed and sent.
    pub(crate) body: Bytes,
    /// URL of the receiver.
    pub(crate) url: String,
    /// Id of the registered endpoint; `None` for the `callback_url` of a request.
    pub(crate) endpoint: Option<String>,
    /// Number of the attempt, from 1.
    pub(crate) number: u32,
    /// When the first attempt was due, in milliseconds since 1970.
    pub(crate) first: u64,
    /// When this attempt is due, in milliseconds since 1970.
    pub(crate) due: u64,
}

impl Attempt {
    /// The first attempt.
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
