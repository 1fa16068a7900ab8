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

/// The same for a map, pair by pair.
pub(crate) fn map<T, V, K, W>(
    problem: &mut Option<String>,
    field: &str,
    pairs: V,
) -> Option<BTreeMap<String, T>>
where
    V: IntoIterator<Item = (K, W)>,
    K: Into<String>,
    W: TryInto<T>,
    W::Error: Display,
{
    let pairs = pairs.into_iter().map(|(name, item)| {
        let name = name.into();
        let item = value(problem, &format!("{field}.{name}"), item)?;
        Some((name, item))
    });
    pairs.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thing_that_does_not_convert_is_named() {
        let mut problem = None;
        assert_eq!(list::<u8, _>(&mut problem, "list", [1, 2]), Some(vec![1, 2]));
        assert_eq!(
            map::<u8, _, _, _>(&mut problem, "map", [("a", 1)]),
            Some(BTreeMap::from([("a".to_owned(), 1)]))
        );
        assert_eq!(problem, None);
        assert_eq!(list::<u8, _>(&mut problem, "list", [1, 300]), None);
        assert!(problem.as_deref().unwrap().starts_with("`list[1]`: "), "{problem:?}");
        assert_eq!(map::<u8, _, _, _>(&mut problem, "map", [("a", -1)]), None);
        assert!(problem.as_deref().unwrap().starts_with("`list[1]`: "), "the first one is kept: {problem:?}");
        let mut problem = None;
        map::<u8, _, _, _>(&mut problem, "map", [("a", -1)]);
        assert!(problem.as_deref().unwrap().starts_with("`map.a`: "), "{problem:?}");
    }
}
