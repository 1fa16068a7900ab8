//! Signed deliveries as prepared bytes, each about a different video.

use heygen_ext::webhook::Event;
use heygen_ext::webhook::testing::{Generation, Signer, event};
use http::HeaderMap;

use crate::{Failure, SECRET};

/// Path of the receiver.
pub(crate) const PATH: &str = "/hook";

/// Size of every body, in bytes.
const BODY_SIZE: usize = 2 << 10;

/// Creates signed requests.
pub(crate) struct Deliveries {
    signer: Signer,
    /// The part of the body before the id of the video.
    before: String,
    /// The part of the body after the id of the video.
    after: String,
}

impl Deliveries {
    pub(crate) fn new() -> Result<Self, Failure> {
        const ID: &str = "9a1c7f2be3d04c5f8a6b";
        let kind = "avatar_video.success";
        let text = String::from_utf8(
            event(kind).ok_or_else(|| format!("the test events do not contain `{kind}`"))?,
        )?;
        let mut body: serde_json::Value = serde_json::from_str(&text)?;
        body["event_data"]["video_id"] = ID.into();
        body["event_data"]["video_page_url"] = serde_json::Value::Null;
        let text = body.to_string();
        let (before, after) = text.split_once(ID).ok_or("the event does not contain the id of the video")?;
        // Pad the signature of the URL, because long signatures make real events large.
        let padding = BODY_SIZE.saturating_sub(text.len() - ID.len() + id(0).len());
        let after = after.replacen("Signature=", &format!("Signature={}", "x".repeat(padding)), 1);
        Ok(Self { signer: Signer::new(SECRET)?, before: before.to_owned(), after })
    }

    /// The request with this number. All requests have the same length.
    pub(crate) fn request(&self, number: usize) -> Vec<u8> {
        let body = format!("{}{}{}", self.before, id(number), self.after);
        let delivery = self.signer.deliver(Generation::HeygenSignature, body);
        let mut request = head(delivery.headers(), delivery.body().len());
        request.extend_from_slice(delivery.body());
        request
    }
}

fn head(headers: &HeaderMap, length: usize) -> Vec<u8> {
    let start = format!(
        "POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: webhooks/1.0\r\ncontent-length: {length}\r\n"
    );
    let mut head = start.into_bytes();
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn id(number: usize) -> String {
    format!("{number:032x}")
}

/// The number of the request that delivered an event.
pub(crate) fn number(event: &Event) -> Option<usize> {
    usize::from_str_radix(event.job_id()?, 16).ok()
}
