//! Samples of every type, request and answer, for tests of your own code (feature `testing`).
//!
//! A sample is a value that is valid for the provider's document. It is the same on every machine and in every run, so a
//! snapshot of what your code makes of it changes only if your code changes, or what the document says about the values
//! that your code read. Enable the feature for tests:
//!
//! ```toml
//! [dev-dependencies]
//! heygen-api = { version = "0.1", features = ["testing"] }
//! insta = { version = "1", features = ["json"] }
//! ```
//!
//! # Snapshot-test your code
//!
//! ```no_run
//! use heygen_api::testing::sample;
//! use heygen_api::types::VideoDetail;
//!
//! /// What the program stores about a video.
//! fn catalogue_line(video: &VideoDetail) -> String {
//!     let title = video.title.as_deref().unwrap_or("untitled");
//!     format!("{}: {title} ({})", video.id, video.status)
//! }
//!
//! #[test]
//! fn a_video_becomes_a_catalogue_line() {
//!     insta::assert_snapshot!(catalogue_line(&sample::<VideoDetail>()));
//! }
//! # fn main() {}
//! ```
//!
//! When you update this crate, the test shows what the update changes for your program, and nothing else: a value depends
//! only on its own type, on the way to its member, and on the seed. A new field in another type changes no sample of this one.
//!
//! # Other samples
//!
//! [`sample`] has all members. [`Sample`] makes others:
//!
//! ```
//! use heygen_api::operations;
//! use heygen_api::testing::Sample;
//! use heygen_api::types::{VideoDetail, VideoStatus};
//!
//! // Only what the service always sends.
//! let least: VideoDetail = Sample::new().required_only().of();
//! assert_eq!(least.title, None);
//!
//! // What a newer service may send.
//! let newer: VideoDetail =
//!     Sample::new().with_unknown_member().with_unknown_value().of();
//! assert!(matches!(newer.status, VideoStatus::Unknown(_)));
//!
//! // The whole answer to a call, for a transport of a test.
//! let answer = Sample::new().answer(&operations::GET_VIDEO).unwrap();
//! assert!(answer["data"]["id"].is_string());
//! ```

mod draws;
mod example;
mod pattern;
mod sampled;
mod schemas;
#[cfg(test)]
mod tests;
mod text;
mod values;

use serde_json::Value;

pub(crate) use sampled::Named;
pub use sampled::Sampled;

use self::schemas::Schemas;
use self::values::{Content, Maker};
use crate::operation::Operation;

/// Makes a value of a type, with all its members.
///
/// It is [`Sample::new().of()`](Sample::of). Where the document has an example of a value, the sample has that example.
///
/// ```
/// use heygen_api::testing::sample;
/// use heygen_api::types::VideoDetail;
///
/// let video = sample::<VideoDetail>();
/// assert_eq!(video.failure_code.as_deref(), Some("rendering_failed"));
/// assert_eq!(video, sample::<VideoDetail>());
/// ```
///
/// # Panics
///
/// As [`Sample::of`].
pub fn sample<T: Sampled>() -> T {
    Sample::new().of()
}

/// Which sample to make: all members or only the required ones, of which seed, and with what a newer service may add.
///
/// ```
/// use heygen_api::testing::Sample;
/// use heygen_api::types::VideoDetail;
///
/// let videos: Vec<VideoDetail> =
///     (1..=3).map(|seed| Sample::new().seed(seed).of()).collect();
/// assert_ne!(videos[0].id, videos[1].id);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use = "call `of`, `json_of`, `request` or `answer` to make the sample"]
pub struct Sample {
    seed: u64,
    content: Content,
}

impl Sample {
    /// The sample with all members and seed 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the seed. Another seed makes other values.
    ///
    /// With seed 0, the default, a sample has the document's examples and defaults, the first value of each enumeration, the
    /// first variant of each union, and one item in each list. With any other seed, all of these are drawn, and lists have
    /// one to three items, if the document allows.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Leaves out all members that the document does not require.
    pub fn required_only(mut self) -> Self {
        self.content.required_only = true;
        self
    }

    /// Adds the member `member_of_a_newer_version` to every object, as a newer service may.
    ///
    /// A type that is only in requests does not change: nothing is added to what your program sends.
    pub fn with_unknown_member(mut self) -> Self {
        self.content.unknown_member = true;
        self
    }

    /// Gives every enumeration a value, and every union a variant, that this version does not know:
    /// `value_of_a_newer_version`. They decode as `Unknown`.
    ///
    /// A type that is only in requests does not change.
    pub fn with_unknown_value(mut self) -> Self {
        self.content.unknown_value = true;
        self
    }

    /// Makes the sample of a type.
    ///
    /// # Panics
    ///
    /// The sample cannot be decoded. That is a bug of this crate, and its tests make samples of every type.
    pub fn of<T: Sampled>(self) -> T {
        match T::deserialize(self.json_of::<T>()) {
            Ok(value) => value,
            #[expect(
                clippy::panic,
                reason = "a bug of this crate, in a function for tests; see its documentation"
            )]
            Err(error) => {
                panic!("the sample of `{}` cannot be decoded: {error}; please report this", T::NAME)
            }
        }
    }

    /// Makes the sample of a type as JSON. It has the members that the type does not keep when it is decoded: the unknown ones.
    ///
    /// ```
    /// use heygen_api::testing::Sample;
    /// use heygen_api::types::VideoDetail;
    ///
    /// let json = Sample::new().with_unknown_member().json_of::<VideoDetail>();
    /// assert!(json["member_of_a_newer_version"].is_object());
    /// ```
    pub fn json_of<T: Sampled>(self) -> Value {
        let schemas = Schemas::of_this_crate();
        let Some(schema) = schemas.of_type(T::NAME) else { return Value::Null };
        let is_sent = schema.get("sent") == Some(&Value::Bool(true));
        self.made(schemas, T::NAME, schema, is_sent)
    }

    /// Makes the JSON body of an operation's request. `None` if the operation has no JSON body.
    ///
    /// Nothing unknown is added to it.
    ///
    /// ```
    /// use heygen_api::operations;
    /// use heygen_api::testing::Sample;
    ///
    /// let least = Sample::new().required_only();
    /// let body = least.request(&operations::CREATE_VIDEO_AGENT).unwrap();
    /// assert!(body["prompt"].is_string());
    /// assert_eq!(least.request(&operations::GET_VIDEO), None);
    /// ```
    pub fn request(self, operation: &Operation) -> Option<Value> {
        self.part_of(operation, "request")
    }

    /// Makes the JSON body of an operation's successful answer, with its envelope, as the service sends it. `None` if the
    /// answer is not JSON, or if the document does not have the operation.
    ///
    /// The answer of a list is its last page, so that a program that reads all pages ends.
    ///
    /// ```
    /// use heygen_api::operations;
    /// use heygen_api::testing::Sample;
    ///
    /// let answer = Sample::new().answer(&operations::LIST_VIDEOS).unwrap();
    /// assert!(answer["data"][0]["id"].is_string());
    /// assert_eq!(answer["has_more"], false);
    /// ```
    pub fn answer(self, operation: &Operation) -> Option<Value> {
        self.part_of(operation, "answer")
    }

    fn part_of(self, operation: &Operation, part: &str) -> Option<Value> {
        let schemas = Schemas::of_this_crate();
        let schema = schemas.of_operation(operation.id(), part)?;
        Some(self.made(schemas, operation.id(), schema, part == "request"))
    }

    fn made(self, schemas: &Schemas, root: &str, schema: &Value, is_sent: bool) -> Value {
        let mut content = self.content;
        if is_sent {
            (content.unknown_member, content.unknown_value) = (false, false);
        }
        Maker { schemas, content }.value(self.seed, root, schema)
    }
}
