//! The time of day, as the receiver takes it: from the system, or from a test.

use std::sync::Arc;
use std::time::SystemTime;

/// Gives the time of day.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;
