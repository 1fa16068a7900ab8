//! Requests per minute.

use std::collections::{HashMap, VecDeque};

use crate::api_error::ApiError;
use crate::settings::Settings;

/// Requests per minute to the speech models, as documented.
const SPEECH: u32 = 30;

/// Counts requests in windows of one minute. A window begins with a request.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    /// The start of each window, in milliseconds since 1970, and the number of requests in it.
    windows: HashMap<&'static str, (u64, u32)>,
    /// The times of the newest requests of each operation, in milliseconds since 1970.
    bursts: HashMap<String, VecDeque<u64>>,
}

/// The time in which the requests of a burst are counted, in milliseconds.
const BURST: u64 = 1_000;

impl RateLimit {
    /// Counts a request, and refuses it if the limit of the settings is exceeded.
    pub(crate) fn count_request(&mut self, settings: &Settings, now: u64) -> Result<(), ApiError> {
        settings.requests_per_minute.map_or(Ok(()), |limit| self.count("all", limit, now))
    }

    /// Counts a request of an operation, and refuses it if as many as the limit were taken within a second. The message is
    /// that of the service.
    pub(crate) fn count_burst(&mut self, operation: &str, limit: usize, now: u64) -> Result<(), ApiError> {
        let taken = self.bursts.entry(operation.to_owned()).or_default();
        while taken.front().is_some_and(|time| time + BURST <= now) {
            taken.pop_front();
        }
        if taken.len() >= limit {
            return Err(ApiError::too_many("please reduce the RATE to call this api", 1));
        }
        taken.push_back(now);
        Ok(())
    }

    /// Counts a request to a speech model, and refuses it if their limit is exceeded.
    pub(crate) fn count_speech(&mut self, now: u64) -> Result<(), ApiError> {
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
