//! Callbacks: deliveries to the `callback_url` of a request, which the service does not sign.

#[cfg(feature = "client")]
mod confirm;
mod guard;
#[cfg(feature = "client")]
mod receiver;

#[cfg(feature = "client")]
pub use confirm::ConfirmError;
pub use guard::{CallbackError, CallbackGuard, InvalidCallback, Unconfirmed};
#[cfg(feature = "client")]
pub use receiver::CallbackReceiver;
