//! Values of a planned request that come from an earlier answer.

/// A value that comes from an earlier answer of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) target: Target,
    /// The index of the request whose answer has the value.
    pub(crate) request: usize,
    /// JSON pointer of the value in the answer.
    pub(crate) pointer: &'static str,
}

/// The place of a value in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Parameter(&'static str),
    /// JSON pointer in the body.
    Body(String),
}

impl Fill {
    /// The text that stands for the value until the answer is there, such as `(answer 1: /data/asset_id)`.
    pub(crate) fn placeholder(&self) -> String {
        format!("(answer {}: {})", self.request + 1, self.pointer)
    }
}
