//! Walks the chain of an error and its sources.

use std::error::Error;

/// The errors of a chain, from `first` to the innermost.
pub(crate) fn causes<'a>(
    first: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(first), |&error| error.source())
}

/// The messages of a chain, in one line.
pub(crate) fn in_one_line(first: &(dyn Error + 'static)) -> String {
    causes(first).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
