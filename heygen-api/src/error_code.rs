//! Error codes of calls and jobs.

use crate::open::{UnknownValue, open_enum_traits};

macro_rules! codes {
    (pub enum ErrorCode { $($(#[$doc:meta])* $name:ident = $text:literal,)* }) => {
        /// An error code of the service: why it refused a call, or why a job failed.
        ///
        /// The service may add codes at any time. A code that this version does not know is `Unknown`, and prints
        /// unchanged. The service writes codes in lower case; known codes are recognized in any case.
        ///
        /// ```
        /// use heygen_api::ErrorCode;
        ///
        /// let code = ErrorCode::from("INSUFFICIENT_CREDIT");
        /// assert_eq!(code, ErrorCode::InsufficientCredit);
        /// assert_eq!(ErrorCode::from("brand_new").as_str(), "brand_new");
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
            /// A code that this version does not know; `as_str` returns it.
            Unknown(UnknownValue),
        }

        impl ErrorCode {
            /// All codes that this version knows.
            pub const VALUES: &'static [&'static str] = &[$($text),*];

            /// The code as the service writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Unknown(code) => code.as_str(),
                }
            }
        }

        impl From<&str> for ErrorCode {
            fn from(code: &str) -> Self {
                match code.to_ascii_lowercase().as_str() {
                    $($text => Self::$name,)*
                    _ => Self::Unknown(UnknownValue::new(code)),
                }
            }
        }

        open_enum_traits!(ErrorCode);
    };
}

codes! {
    pub enum ErrorCode {
        /// The key or token is missing, wrong or expired.
        Unauthorized = "unauthorized",
        /// Same as `unauthorized`; used by some operations.
        AuthenticationFailed = "authentication_failed",
        /// The session of the user has expired.
        SessionExpired = "session_expired",
        /// The operation requires an API key, but the request has an OAuth token.
        ApiKeyRequired = "api_key_required",
        /// The key lacks the permission.
        Forbidden = "forbidden",
        /// The key lacks a scope; the message names it.
        InsufficientApiKeyScope = "insufficient_api_key_scope",
        /// The resource belongs to another account.
        ResourceAccessDenied = "resource_access_denied",
        /// The workspace's policy on AI vendors forbids it.
        AiVendorAccessRestricted = "ai_vendor_access_restricted",
        /// The voice may not be used for this request or plan.
        VoiceNotUsable = "voice_not_usable",
        /// The wallet balance or the credits are insufficient.
        InsufficientCredit = "insufficient_credit",
        /// The trial is used up.
        TrialLimitExceeded = "trial_limit_exceeded",
        /// This needs a higher plan.
        PlanUpgradeRequired = "plan_upgrade_required",
        /// This needs a subscription.
        SubscriptionRequired = "subscription_required",
        /// Too many requests, or too many concurrent jobs; `Retry-After` says how long to wait.
        RateLimitExceeded = "rate_limit_exceeded",
        /// The usage quota is reached; waiting may take long.
        QuotaExceeded = "quota_exceeded",
        /// The limit of usage is reached.
        UsageLimitReached = "usage_limit_reached",
        /// The service has no such video.
        VideoNotFound = "video_not_found",
        /// The service has no such avatar look.
        AvatarNotFound = "avatar_not_found",
        /// The service has no such avatar group.
        AvatarGroupNotFound = "avatar_group_not_found",
        /// The service has no such voice.
        VoiceNotFound = "voice_not_found",
        /// The service has no such template.
        TemplateNotFound = "template_not_found",
        /// The service has no such asset.
        AssetNotFound = "asset_not_found",
        /// The service has no such webhook endpoint.
        WebhookNotFound = "webhook_not_found",
        /// The service has no such HyperFrames render.
        HyperframesRenderNotFound = "hyperframes_render_not_found",
        /// The service has no such resource.
        ResourceNotFound = "resource_not_found",
        /// The service has no such resource or path.
        NotFound = "not_found",
        /// A field is invalid; `param` names it.
        InvalidParameter = "invalid_parameter",
        /// The service could not download a URL of the request.
        DownloadFailed = "download_failed",
        /// Moderation refused the script, prompt or image.
        ContentPolicyViolation = "content_policy_violation",
        /// The person shown has not given consent.
        AvatarConsentRequired = "avatar_consent_required",
        /// Moderation refused the avatar.
        AvatarNotUsable = "avatar_not_usable",
        /// The avatar has expired, because the account exceeds its number of slots.
        AvatarExpired = "avatar_expired",
        /// No free slot, such as for voice clones.
        ResourceLimitReached = "resource_limit_reached",
        /// Same as `resource_limit_reached`, in another spelling.
        ResourceLimitExceeded = "resource_limit_exceeded",
        /// The avatar has no unlimited mode.
        UnlimitedModeDisabled = "unlimited_mode_disabled",
        /// The voice clone failed or has expired.
        VoiceUnavailable = "voice_unavailable",
        /// The voice has expired, because the account exceeds its number of slots.
        VoiceExpired = "voice_expired",
        /// The voice is still being created.
        VoiceNotReady = "voice_not_ready",
        /// The provider of the voice failed or is busy.
        VoiceProviderError = "voice_provider_error",
        /// The template was made by URL-to-Video or by an older editor, which the API cannot read.
        TemplateSourceUnsupported = "template_source_unsupported",
        /// The script is too short.
        ScriptTooShort = "script_too_short",
        /// The script is too long.
        ScriptTooLong = "script_too_long",
        /// The text cannot be spoken.
        TtsTextInvalid = "tts_text_invalid",
        /// The state of the resource does not allow it.
        Conflict = "conflict",
        /// The template has changed since the version that was sent; read it again.
        StaleEditVersion = "stale_edit_version",
        /// The workflow draft has changed since the version that was sent; read it again.
        StaleWorkflowDraft = "stale_workflow_draft",
        /// The workflow is archived.
        WorkflowArchived = "workflow_archived",
        /// The graph of the workflow is invalid.
        GraphInvalid = "graph_invalid",
        /// The resource is still being processed.
        ResourceNotReady = "resource_not_ready",
        /// The brand kit is still being created.
        BrandKitNotReady = "brand_kit_not_ready",
        /// The first call with the same idempotency key is still running.
        RequestInProgress = "request_in_progress",
        /// The asset is still being processed, or was deleted.
        AssetNotAvailable = "asset_not_available",
        /// The account does not allow such uploads.
        EphemeralUploadDisabled = "ephemeral_upload_disabled",
        /// The zip file or its variables are invalid.
        HyperframesProjectInvalid = "hyperframes_project_invalid",
        /// The zip file is too large.
        HyperframesProjectTooLarge = "hyperframes_project_too_large",
        /// The body is too large.
        PayloadTooLarge = "payload_too_large",
        /// The video could not be deleted.
        VideoDeleteFailed = "video_delete_failed",
        /// The service had an internal error.
        InternalError = "internal_error",
        /// The service is busy or down.
        ServiceUnavailable = "service_unavailable",
        /// The service timed out while fetching a file.
        GatewayTimeout = "gateway_timeout",
        /// The avatar of a job cannot be used.
        AvatarUnavailable = "avatar_unavailable",
        /// The video of a job could not be rendered.
        RenderFailed = "render_failed",
        /// Same as `render_failed`, in the document's spelling.
        RenderingFailed = "rendering_failed",
        /// A model could not generate the video or image.
        GenerationFailed = "generation_failed",
        /// The job was cancelled.
        GenerationCancelled = "generation_cancelled",
        /// The image shows no face.
        NoFaceDetected = "no_face_detected",
        /// The image shows more than one face.
        MultipleFacesDetected = "multiple_faces_detected",
        /// The session of the Video Agent is too long; start a new one.
        ContextLimitExceeded = "context_limit_exceeded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_code_is_recognized() {
        assert!(ErrorCode::VALUES.len() > 60);
        for code in ErrorCode::VALUES {
            let read = ErrorCode::from(*code);
            assert!(!matches!(read, ErrorCode::Unknown(_)), "{code}");
            assert_eq!(read.as_str(), *code);
            assert_eq!(ErrorCode::from(code.to_uppercase().as_str()), read);
        }
        let unknown = ErrorCode::from("New_One");
        assert!(matches!(&unknown, ErrorCode::Unknown(_)));
        assert_eq!(unknown.to_string(), "New_One");
        assert_eq!("video_not_found".parse(), Ok(ErrorCode::VideoNotFound));
    }

    #[test]
    fn a_code_round_trips_through_json() {
        let code: ErrorCode = serde_json::from_str("\"rendering_failed\"").unwrap();
        assert_eq!(code, ErrorCode::RenderingFailed);
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"rendering_failed\"");
    }
}
