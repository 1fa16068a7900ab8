//! The chain of an error: itself, its source, the source of that, and so on.

use std::error::Error;

/// The errors of a chain, from this one to the innermost.
pub(crate) fn causes<'a>(
    first: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(first), |&error| error.source())
}

/// What the errors of a chain say, in one line.
pub(crate) fn in_one_line(first: &(dyn Error + 'static)) -> String {
    causes(first).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
