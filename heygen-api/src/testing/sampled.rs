//! The types that samples can be made of.

use serde::de::DeserializeOwned;

/// The name of a type in the generated schemas. The macros that define the types implement it.
pub trait Named {
    /// The name.
    const NAME: &'static str;
}

/// A type of this crate that [`sample`](super::sample) makes: every struct, enum and union in [`types`](crate::types).
///
/// Other crates cannot implement it.
pub trait Sampled: Named + DeserializeOwned {}

impl<T: Named + DeserializeOwned> Sampled for T {}
