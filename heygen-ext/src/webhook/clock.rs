//! The clock of the receiver: the system clock, or one that a test controls.

use std::sync::Arc;
use std::time::SystemTime;

/// Returns the current time.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;
