//! What the generated builders share.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// A builder was asked for a value before it could make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    what: &'static str,
    problem: String,
}

impl Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.problem)
    }
}

impl std::error::Error for BuildError {}

/// Converts a field's value; what goes wrong first is kept.
pub(crate) fn value<T, V>(problem: &mut Option<String>, field: &str, value: V) -> Option<T>
where
    V: TryInto<T>,
    V::Error: Display,
{
    match value.try_into() {
        Ok(value) => Some(value),
        Err(error) => {
            problem.get_or_insert_with(|| format!("`{field}`: {error}"));
            None
        }
    }
}

/// The same for a list, item by item.
pub(crate) fn list<T, V>(problem: &mut Option<String>, field: &str, values: V) -> Option<Vec<T>>
where
    V: IntoIterator,
    V::Item: TryInto<T>,
    <V::Item as TryInto<T>>::Error: Display,
{
    let items = values.into_iter().enumerate();
    items.map(|(index, item)| value(problem, &format!("{field}[{index}]"), item)).collect()
}

/// Anything that yields names with values.
pub trait Pairs<T>: Sized {
    /// The pairs converted, or the name of the first that does not convert, and why.
    fn into_map(self) -> Result<BTreeMap<String, T>, (String, String)>;
}

impl<T, I, K, V> Pairs<T> for I
where
    I: IntoIterator<Item = (K, V)>,
    K: Into<String>,
    V: TryInto<T>,
    V::Error: Display,
{
    fn into_map(self) -> Result<BTreeMap<String, T>, (String, String)> {
        let pairs = self.into_iter().map(|(name, value)| {
            let name = name.into();
            match value.try_into() {
                Ok(value) => Ok((name, value)),
                Err(error) => Err((name, error.to_string())),
            }
        });
        pairs.collect()
    }
}

/// The same for a map, pair by pair.
pub(crate) fn map<T>(
    problem: &mut Option<String>,
    field: &str,
    pairs: impl Pairs<T>,
) -> Option<BTreeMap<String, T>> {
    match pairs.into_map() {
        Ok(map) => Some(map),
        Err((name, error)) => {
            problem.get_or_insert_with(|| format!("`{field}.{name}`: {error}"));
            None
        }
    }
}

pub(crate) fn no_problem(what: &'static str, problem: Option<String>) -> Result<(), BuildError> {
    match problem {
        None => Ok(()),
        Some(problem) => Err(BuildError { what, problem }),
    }
}

pub(crate) fn required<T>(what: &'static str, field: &str, value: Option<T>) -> Result<T, BuildError> {
    value.ok_or_else(|| BuildError { what, problem: format!("`{field}` was not set") })
}
