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

/// What went wrong first, by field: setting the field again mends it.
pub(crate) type Problem = Option<(&'static str, String)>;

/// Converts a field's value.
pub(crate) fn value<T, V>(problem: &mut Problem, field: &'static str, value: V) -> Option<T>
where
    V: TryInto<T>,
    V::Error: Display,
{
    keep(problem, field, value.try_into().map_err(|error| format!("`{field}`: {error}")))
}

/// The same for a list, item by item.
pub(crate) fn list<T, V>(problem: &mut Problem, field: &'static str, values: V) -> Option<Vec<T>>
where
    V: IntoIterator,
    V::Item: TryInto<T>,
    <V::Item as TryInto<T>>::Error: Display,
{
    let items = values.into_iter().enumerate();
    let items =
        items.map(|(index, item)| item.try_into().map_err(|error| format!("`{field}[{index}]`: {error}")));
    keep(problem, field, items.collect())
}

/// The same for a map, pair by pair.
pub(crate) fn map<T, V, K, W>(
    problem: &mut Problem,
    field: &'static str,
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
        match item.try_into() {
            Ok(item) => Ok((name, item)),
            Err(error) => Err(format!("`{field}.{name}`: {error}")),
        }
    });
    keep(problem, field, pairs.collect())
}

fn keep<T>(problem: &mut Problem, field: &'static str, converted: Result<T, String>) -> Option<T> {
    match converted {
        Ok(value) => {
            problem.take_if(|(at_fault, _)| *at_fault == field);
            Some(value)
        }
        Err(error) => {
            problem.get_or_insert((field, error));
            None
        }
    }
}

pub(crate) fn no_problem(what: &'static str, problem: Problem) -> Result<(), BuildError> {
    match problem {
        None => Ok(()),
        Some((_, problem)) => Err(BuildError { what, problem }),
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
        assert_eq!(map::<u8, _, _, _>(&mut problem, "map", [("a", -1)]), None);
        let said = no_problem("Thing", problem).unwrap_err().to_string();
        assert!(said.starts_with("Thing: `list[1]`: "), "{said}");
        let mut problem = None;
        map::<u8, _, _, _>(&mut problem, "map", [("a", -1)]);
        assert!(no_problem("Thing", problem).unwrap_err().to_string().starts_with("Thing: `map.a`: "));
    }

    #[test]
    fn setting_a_field_again_mends_it() {
        let mut problem = None;
        value::<u8, _>(&mut problem, "a", 300);
        value::<u8, _>(&mut problem, "b", 1);
        assert!(no_problem("Thing", problem.clone()).is_err());
        value::<u8, _>(&mut problem, "a", 3);
        assert!(no_problem("Thing", problem).is_ok());
    }
}
