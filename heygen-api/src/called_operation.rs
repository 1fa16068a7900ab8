//! The operation of a call.

use std::ops::Deref;

use crate::operation::Operation;

/// The operation of a call. It is small, because a call moves it repeatedly.
#[derive(Clone)]
pub(crate) enum CalledOperation {
    Documented(&'static Operation),
    /// Created at run time.
    Made(Box<Operation>),
}

impl Deref for CalledOperation {
    type Target = Operation;

    fn deref(&self) -> &Operation {
        match self {
            Self::Documented(operation) => operation,
            Self::Made(operation) => operation,
        }
    }
}
