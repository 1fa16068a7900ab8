//! Requests per minute.

use std::collections::HashMap;

use crate::api_error::ApiError;
use crate::settings::Settings;

/// Requests per minute that the document states for the speech models.
const SPEECH: u32 = 30;

/// Windows of one minute that began with a request.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    windows: HashMap<&'static str, (u64, u32)>,
}

impl RateLimit {
    /// Counts a request, and refuses it when there were too many.
    pub(crate) fn pass(&mut self, settings: &Settings, now: u64) -> Result<(), ApiError> {
        settings.requests_per_minute.map_or(Ok(()), |limit| self.count("all", limit, now))
    }

    /// The same for a request to a speech model.
    pub(crate) fn speak(&mut self, now: u64) -> Result<(), ApiError> {
        self.count("speech", SPEECH, now)
    }

    fn count(&mut self, window: &'static str, limit: u32, now: u64) -> Result<(), ApiError> {
        let (began, count) = self.windows.entry(window).or_insert((now, 0));
        if now >= *began + 60_000 {
            (*began, *count) = (now, 0);
        }
        if *count >= limit {
            let wait = (*began + 60_000 - now).div_ceil(1000);
            return Err(ApiError::too_many(format!("more than {limit} requests in a minute"), wait));
        }
        *count += 1;
        Ok(())
    }
}
