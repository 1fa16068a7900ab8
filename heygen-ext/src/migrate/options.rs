//! Options of plans.

use std::collections::BTreeSet;
use std::time::Duration;

use super::loss::{Loss, Policy};

/// Options of plans, and of the clients that carry them out.
///
/// | option | default |
/// |---|---|
/// | [`policy`](Self::policy) | [`Policy::Strict`] |
/// | [`accept_loss`](Self::accept_loss) | none |
/// | [`accept_engine_change`](Self::accept_engine_change) | off |
/// | [`accept_avatar_charges`](Self::accept_avatar_charges) | off |
/// | [`error_as_text`](Self::error_as_text) | off |
/// | [`default_resolution`](Self::default_resolution) | `1080p` |
/// | [`cache_age`](Self::cache_age) | 5 minutes |
/// | [`look_deadline`](Self::look_deadline) | 5 minutes |
/// | [`silence_as_audio`](Self::silence_as_audio) | off |
/// | [`two_pass`](Self::two_pass) | off |
///
/// ```
/// use heygen_ext::migrate::{MigrateOptions, Policy};
///
/// let options = MigrateOptions::new()
///     .policy(Policy::Lenient)
///     .default_resolution("720p");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct MigrateOptions {
    policy: Policy,
    accepted: BTreeSet<String>,
    engine_change: bool,
    avatar_charges: bool,
    error_as_text: bool,
    default_resolution: String,
    cache_age: Duration,
    look_deadline: Duration,
    silence_as_audio: bool,
    two_pass: Option<Duration>,
}

impl Default for MigrateOptions {
    fn default() -> Self {
        Self {
            policy: Policy::Strict,
            accepted: BTreeSet::new(),
            engine_change: false,
            avatar_charges: false,
            error_as_text: false,
            default_resolution: "1080p".to_owned(),
            cache_age: Duration::from_secs(300),
            look_deadline: Duration::from_secs(300),
            silence_as_audio: false,
            two_pass: None,
        }
    }
}

impl MigrateOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what to do with a plan that loses something.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Does not refuse a plan because a member with this name, such as `scale`, is lost. The plan still lists the loss. The name
    /// is the last part of the loss's [`path`](super::Loss::path), at any place, in all requests of this client. A newer engine needs
    /// [`accept_engine_change`](Self::accept_engine_change) instead.
    pub fn accept_loss(mut self, member: impl Into<String>) -> Self {
        self.accepted.insert(member.into());
        self
    }

    /// Whether a look without Avatar III may be rendered by a newer engine, which costs several times as much. Off by
    /// default: [`Policy::Strict`] then refuses such a request. [`Policy::Lenient`] does not.
    pub fn accept_engine_change(mut self, on: bool) -> Self {
        self.engine_change = on;
        self
    }

    /// Whether calls that were free of charge may create an avatar, for which v3 charges each time: the upload of a talking
    /// photo, and the creation of a group of photo avatars or of its looks from uploaded pictures. Off by default:
    /// [`Policy::Strict`] then refuses these calls. [`Policy::Lenient`] does not.
    ///
    /// ```
    /// use heygen_ext::http::Method;
    /// use heygen_ext::migrate::{LegacyRequest, LookUps, MigrateOptions};
    ///
    /// # fn main() -> Result<(), heygen_ext::migrate::MigrateError> {
    /// let target = "https://upload.heygen.com/v1/talking_photo";
    /// let upload = LegacyRequest::new(&Method::POST, target)?;
    /// let options = MigrateOptions::new();
    /// let error = upload.plan(&LookUps::new(), &options).unwrap_err();
    /// assert_eq!(error.code(), "charge_not_accepted");
    /// let plan = upload.plan(&LookUps::new(), &options.accept_avatar_charges(true))?;
    /// println!("{}", plan.costs()[0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn accept_avatar_charges(mut self, on: bool) -> Self {
        self.avatar_charges = on;
        self
    }

    /// Whether an error of v2 is a text, `{"error": "…", "data": null}`, as the reference of v2 described it. By default, it is
    /// an object with a code and a message, as the service sent it. [`LegacyService`](super::LegacyService) uses it.
    pub fn error_as_text(mut self, on: bool) -> Self {
        self.error_as_text = on;
        self
    }

    /// Sets the resolution of a video whose request has no dimension: `720p`, `1080p` or `4k`.
    ///
    /// Videos with a transparent background (`/v1/video.webm`) have 720p then, as before.
    ///
    /// The documentation of v2 named 1280×720 as the default until 2025, and 1920×1080 in 2026.
    pub fn default_resolution(mut self, resolution: impl Into<String>) -> Self {
        self.default_resolution = resolution.into();
        self
    }

    /// Sets how long an answer to a look-up, and a complete list of avatars or voices, is used again.
    pub fn cache_age(mut self, age: Duration) -> Self {
        self.cache_age = age;
        self
    }

    /// Sets how long the upload of a talking photo waits for its look, which v3 makes in the background. The old service answered
    /// at once.
    pub fn look_deadline(mut self, time: Duration) -> Self {
        self.look_deadline = time;
        self
    }

    /// Whether an avatar that is silent becomes one that speaks a silent audio file, which is uploaded first. Off by default:
    /// v3 has no silent avatars, so [`Policy::Strict`] refuses the scene, and [`Policy::Lenient`] shows the preview image of
    /// the look.
    ///
    /// No documentation says whether the service accepts an audio file without speech. If it does not, it refuses the video, or
    /// the video fails.
    pub fn silence_as_audio(mut self, on: bool) -> Self {
        self.silence_as_audio = on;
        self
    }

    /// Allows two passes for scenes that one request of v3 cannot express: in a video of several scenes, an avatar in front of
    /// an image, or an avatar that is cut out. The first pass renders each such scene as its own video; the second joins the
    /// clips. Off by default, because it takes longer, and each of these scenes is paid twice. The plan lists the cost.
    ///
    /// The call returns when the videos of the first pass are finished and the second has begun, so a program has to wait for
    /// minutes. It waits up to `deadline` for each video, and then fails; what was made is named in the error, and a run with
    /// the same idempotency key goes on with it. The videos of the first pass stay in the account, and webhook endpoints
    /// receive events about them.
    pub fn two_pass(mut self, deadline: Duration) -> Self {
        self.two_pass = Some(deadline);
        self
    }

    pub(crate) fn makes_silent_audio(&self) -> bool {
        self.silence_as_audio
    }

    pub(crate) fn deadline_of_parts(&self) -> Option<Duration> {
        self.two_pass
    }

    pub(crate) fn resolution(&self) -> &str {
        &self.default_resolution
    }

    pub(crate) fn age_limit(&self) -> Duration {
        self.cache_age
    }

    pub(crate) fn deadline_of_look(&self) -> Duration {
        self.look_deadline
    }

    pub(crate) fn has_errors_as_text(&self) -> bool {
        self.error_as_text
    }

    /// Whether the policy refuses a plan that creates an avatar in a call that was free of charge.
    pub(crate) fn refuses_avatar_charges(&self) -> bool {
        self.policy == Policy::Strict && !self.avatar_charges
    }

    /// Whether the policy refuses a plan with this loss.
    pub(crate) fn refuses(&self, loss: &Loss) -> bool {
        self.policy == Policy::Strict
            && loss.severity.is_refused_by_strict()
            && !match loss.is_engine {
                // The name of a member does not say that the call costs several times as much.
                true => self.engine_change,
                false => loss.path.last_member().is_some_and(|name| self.accepted.contains(name)),
            }
    }
}
