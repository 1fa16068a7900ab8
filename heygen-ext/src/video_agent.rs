//! The request of a Video Agent session.

use heygen_api::BuildError;
use heygen_api::types::{CreateVideoAgentRequest, builder};

/// A request for a video from a prompt.
///
/// [`with`](Self::with) sets other options of the request.
///
/// ```
/// use heygen_ext::VideoAgent;
/// use heygen_ext::heygen_api::types::Orientation;
///
/// let request = VideoAgent::prompt("Our launch in 30 seconds").with(|options| {
///     options.orientation(Orientation::Landscape).voice_id("VOICE_ID")
/// });
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct VideoAgent(builder::CreateVideoAgentRequestBuilder);

impl VideoAgent {
    /// A video for this prompt, of 1 to 10,000 characters.
    pub fn prompt(text: impl Into<String>) -> Self {
        Self(CreateVideoAgentRequest::builder().prompt(text.into()))
    }

    /// Sets other options of the request.
    pub fn with(
        self,
        set: impl FnOnce(builder::CreateVideoAgentRequestBuilder) -> builder::CreateVideoAgentRequestBuilder,
    ) -> Self {
        Self(set(self.0))
    }
}

impl TryFrom<VideoAgent> for CreateVideoAgentRequest {
    type Error = BuildError;

    fn try_from(request: VideoAgent) -> Result<Self, BuildError> {
        request.0.build()
    }
}
