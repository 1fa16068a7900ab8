//! Codes with which the service refuses calls and gives up jobs.

use std::fmt;
use std::str::FromStr;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A code of the service, by the names of its error catalogue as read in June 2026.
        ///
        /// New ones appear at any time: an unknown code is a value too, and prints as it came. The service writes codes
        /// in lower case; capitals, which were seen, are read as the same.
        ///
        /// ```
        /// use heygen_ext::ErrorCode;
        ///
        /// assert_eq!("INSUFFICIENT_CREDIT".parse::<ErrorCode>().unwrap(), ErrorCode::InsufficientCredit);
        /// assert_eq!("brand_new".parse::<ErrorCode>().unwrap().as_str(), "brand_new");
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
            /// A code that this version does not know.
            Other(UnknownCode),
        }

        impl ErrorCode {
            /// The code as the service writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(UnknownCode(code)) => code,
                }
            }

            #[cfg(test)]
            const KNOWN: &[Self] = &[$(Self::$name),*];
        }

        impl From<&str> for ErrorCode {
            fn from(code: &str) -> Self {
                match code.to_ascii_lowercase().as_str() {
                    $($text => Self::$name,)*
                    _ => Self::Other(UnknownCode(code.to_owned())),
                }
            }
        }
    };
}

codes! {
    /// The key or token is missing, wrong or expired.
    Unauthorized = "unauthorized",
    /// The same family, named so in some answers.
    AuthenticationFailed = "authentication_failed",
    /// The key lacks the permission.
    Forbidden = "forbidden",
    /// It exists, and is not yours.
    ResourceAccessDenied = "resource_access_denied",
    /// The workspace's policy on AI vendors forbids it.
    AiVendorAccessRestricted = "ai_vendor_access_restricted",
    /// The voice may not be used for this request or plan.
    VoiceNotUsable = "voice_not_usable",
    /// The wallet or the credits do not suffice.
    InsufficientCredit = "insufficient_credit",
    /// The trial is used up.
    TrialLimitExceeded = "trial_limit_exceeded",
    /// This needs a higher plan.
    PlanUpgradeRequired = "plan_upgrade_required",
    /// Too fast, or too many jobs at once; `Retry-After` says how long to wait.
    RateLimitExceeded = "rate_limit_exceeded",
    /// The usage quota is reached; waiting may take long.
    QuotaExceeded = "quota_exceeded",
    /// There is no such video.
    VideoNotFound = "video_not_found",
    /// There is no such avatar look.
    AvatarNotFound = "avatar_not_found",
    /// There is no such avatar group.
    AvatarGroupNotFound = "avatar_group_not_found",
    /// There is no such voice.
    VoiceNotFound = "voice_not_found",
    /// There is no such template.
    TemplateNotFound = "template_not_found",
    /// There is no such asset.
    AssetNotFound = "asset_not_found",
    /// There is no such webhook endpoint.
    WebhookNotFound = "webhook_not_found",
    /// There is no such render.
    HyperframesRenderNotFound = "hyperframes_render_not_found",
    /// There is no such resource.
    ResourceNotFound = "resource_not_found",
    /// There is no such thing, or no such path.
    NotFound = "not_found",
    /// A field is wrong; `param` says which.
    InvalidParameter = "invalid_parameter",
    /// The service could not fetch a URL that it was given.
    DownloadFailed = "download_failed",
    /// Moderation refused the script, prompt or image.
    ContentPolicyViolation = "content_policy_violation",
    /// The person shown has not given consent.
    AvatarConsentRequired = "avatar_consent_required",
    /// No free slot, such as for voice clones.
    ResourceLimitReached = "resource_limit_reached",
    /// The same, in its other spelling.
    ResourceLimitExceeded = "resource_limit_exceeded",
    /// The avatar has no unlimited mode.
    UnlimitedModeDisabled = "unlimited_mode_disabled",
    /// The clone failed or has expired.
    VoiceUnavailable = "voice_unavailable",
    /// There is too little to speak.
    ScriptTooShort = "script_too_short",
    /// There is too much to speak.
    ScriptTooLong = "script_too_long",
    /// The text cannot be spoken.
    TtsTextInvalid = "tts_text_invalid",
    /// The state of the resource does not allow it.
    Conflict = "conflict",
    /// It is still being worked on.
    ResourceNotReady = "resource_not_ready",
    /// The first call with the same idempotency key is under way.
    RequestInProgress = "request_in_progress",
    /// The asset is still being taken in, or is deleted.
    AssetNotAvailable = "asset_not_available",
    /// The account does not allow such uploads.
    EphemeralUploadDisabled = "ephemeral_upload_disabled",
    /// The zip or its variables are not in order.
    HyperframesProjectInvalid = "hyperframes_project_invalid",
    /// The zip is too large.
    HyperframesProjectTooLarge = "hyperframes_project_too_large",
    /// The body is too large.
    PayloadTooLarge = "payload_too_large",
    /// The video could not be deleted.
    VideoDeleteFailed = "video_delete_failed",
    /// The service has a problem of its own.
    InternalError = "internal_error",
    /// The service was too slow in fetching a file.
    GatewayTimeout = "gateway_timeout",
    /// A job's avatar cannot be used.
    AvatarUnavailable = "avatar_unavailable",
    /// A job's video could not be rendered.
    RenderFailed = "render_failed",
}

/// A code that this version does not know. It is made by reading one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnknownCode(String);

impl FromStr for ErrorCode {
    type Err = std::convert::Infallible;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Ok(code.into())
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_as_what_it_is() {
        assert!(ErrorCode::KNOWN.len() > 40);
        for code in ErrorCode::KNOWN {
            assert_eq!(ErrorCode::from(code.as_str()), *code);
            assert_eq!(ErrorCode::from(code.as_str().to_uppercase().as_str()), *code);
        }
        assert_eq!(ErrorCode::from("New_One").to_string(), "New_One");
    }
}
