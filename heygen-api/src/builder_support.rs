//! Conversion of values and reporting of problems, for the generated builders.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// A value that a setter accepts for a `T`: a `T`, its builder, or another type that converts into it.
///
/// Every type that implements `TryInto<T>` implements this trait. A setter of an enum accepts a string literal, and a
/// setter of a union accepts the struct of a variant or its builder:
///
/// ```
/// use heygen_api::types::{AssetInput, AssetUrl, CreateVideoFromImage};
///
/// let url = "https://example.com/face.png";
/// let face = AssetUrl::builder().url(url);
/// let request = CreateVideoFromImage::builder().image(face).build()?;
/// assert_eq!(request.image, AssetInput::url(url));
/// # Ok::<_, heygen_api::BuildError>(())
/// ```
pub trait IntoValue<T> {
    #[doc(hidden)]
    fn into_value(self) -> Result<T, BuildError>;
}

impl<T, V> IntoValue<T> for V
where
    V: TryInto<T>,
    V::Error: Display + 'static,
{
    fn into_value(self) -> Result<T, BuildError> {
        self.try_into().map_err(|error| {
            // The error of a nested builder already names the field.
            match (&error as &dyn Any).downcast_ref::<BuildError>() {
                Some(inner) => inner.clone(),
                None => BuildError::new("", Some(error.to_string())),
            }
        })
    }
}

/// Why a builder cannot build its value: the first field that is missing or has an invalid value.
///
/// ```
/// use heygen_api::types::{AssetUrl, CreateVideoFromImage};
///
/// let request = CreateVideoFromImage::builder().image(AssetUrl::builder());
/// let error = request.build().unwrap_err();
/// assert_eq!(error.path(), "image.url");
/// let expected = "CreateVideoFromImage: `image.url` is required; set it";
/// assert_eq!(error.to_string(), expected);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    /// The type of the builder; empty for a nested builder.
    of: &'static str,
    path: String,
    /// The problem of the value; `None` when the value is missing.
    problem: Option<String>,
}

impl BuildError {
    fn new(path: impl Into<String>, problem: Option<String>) -> Self {
        Self { of: "", path: path.into(), problem }
    }

    /// The error of a field that has a value, although the target type has no such field.
    pub(crate) fn unplaced(path: &str, place: &str) -> Self {
        Self::new(path, Some(format!("`{place}` does not have this field; remove it")))
    }

    /// The path of the field, from the outermost builder, such as `scenes[1].input.avatar_id`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Prefixes the path with `place`, the name under which the outer value holds this one.
    fn within(mut self, place: &str) -> Self {
        self.path = match self.path.as_str() {
            "" => place.to_owned(),
            inner if inner.starts_with('[') => format!("{place}{inner}"),
            inner => format!("{place}.{inner}"),
        };
        self
    }

    fn of(mut self, what: &'static str) -> Self {
        self.of = what;
        self
    }

    /// The problem without the type; a call names its operation instead.
    pub(crate) fn problem(&self) -> String {
        match &self.problem {
            None => format!("`{}` is required; set it", self.path),
            Some(problem) if self.path.is_empty() => problem.clone(),
            Some(problem) => format!("`{}`: {problem}", self.path),
        }
    }
}

impl Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.of.is_empty() {
            write!(f, "{}: ", self.of)?;
        }
        f.write_str(&self.problem())
    }
}

impl std::error::Error for BuildError {}

/// The problems of a builder's fields, in the order in which the fields were set. Setting a field again removes its
/// problem; the first remaining problem is reported.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems(Vec<(Cow<'static, str>, BuildError)>);

impl Problems {
    /// Converts the value of a field.
    pub(crate) fn value<T>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        value: impl IntoValue<T>,
    ) -> Option<T> {
        self.keep(field.into(), value.into_value())
    }

    /// Converts the value of an optional field, if there is one.
    pub(crate) fn maybe<T>(&mut self, field: &'static str, value: Option<impl IntoValue<T>>) -> Option<T> {
        let converted = value.map(IntoValue::into_value).transpose();
        self.keep(field.into(), converted).flatten()
    }

    /// Converts the items of a list.
    pub(crate) fn list<T>(
        &mut self,
        field: &'static str,
        values: impl IntoIterator<Item: IntoValue<T>>,
    ) -> Option<Vec<T>> {
        let items = values.into_iter().enumerate();
        let items =
            items.map(|(index, item)| item.into_value().map_err(|error| error.within(&format!("[{index}]"))));
        self.keep(field.into(), items.collect())
    }

    /// Converts the values of a map.
    pub(crate) fn map<T>(
        &mut self,
        field: &'static str,
        pairs: impl IntoIterator<Item = (impl Into<String>, impl IntoValue<T>)>,
    ) -> Option<BTreeMap<String, T>> {
        let pairs = pairs.into_iter().map(|(name, item)| {
            let name = name.into();
            match item.into_value() {
                Ok(item) => Ok((name, item)),
                Err(error) => Err(error.within(&name)),
            }
        });
        self.keep(field.into(), pairs.collect())
    }

    /// Converts the items of an optional list, if there is one.
    pub(crate) fn maybe_list<T>(
        &mut self,
        field: &'static str,
        values: Option<impl IntoIterator<Item: IntoValue<T>>>,
    ) -> Option<Vec<T>> {
        self.settle(field);
        values.and_then(|values| self.list(field, values))
    }

    /// Converts the values of an optional map, if there is one.
    #[allow(dead_code, reason = "only requests behind a feature have an optional map today")]
    pub(crate) fn maybe_map<T>(
        &mut self,
        field: &'static str,
        pairs: Option<impl IntoIterator<Item = (impl Into<String>, impl IntoValue<T>)>>,
    ) -> Option<BTreeMap<String, T>> {
        self.settle(field);
        pairs.and_then(|pairs| self.map(field, pairs))
    }

    /// Removes the problem of a field, which was set again.
    pub(crate) fn settle(&mut self, field: &str) {
        self.0.retain(|(at_fault, _)| at_fault != field);
    }

    fn keep<T>(&mut self, field: Cow<'static, str>, converted: Result<T, BuildError>) -> Option<T> {
        self.settle(&field);
        match converted {
            Ok(value) => Some(value),
            Err(error) => {
                let error = error.within(&field);
                self.0.push((field, error));
                None
            }
        }
    }

    /// Adds the problem of a field.
    #[cfg(feature = "client")]
    pub(crate) fn refuse(&mut self, field: &'static str, problem: String) {
        self.settle(field);
        self.0.push((field.into(), BuildError::new(field, Some(problem))));
    }

    /// Adds that a field is missing.
    #[cfg(feature = "client")]
    pub(crate) fn missing(&mut self, field: &str) {
        self.0.push((Cow::Owned(field.to_owned()), BuildError::new(field, None)));
    }

    /// The first problem of a call, if it has one.
    #[cfg(feature = "client")]
    pub(crate) fn first(&self) -> Option<&BuildError> {
        self.0.first().map(|(_, error)| error)
    }

    /// The value of a required field of the type `what`.
    pub(crate) fn required<T>(what: &'static str, field: &str, value: Option<T>) -> Result<T, BuildError> {
        value.ok_or_else(|| BuildError::new(field, None).of(what))
    }

    /// The first problem of a builder of `what`, if it has one.
    pub(crate) fn check(self, what: &'static str) -> Result<(), BuildError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((_, error)) => Err(error.of(what)),
        }
    }
}

/// Defines the builder of a struct, without its setters.
///
/// A field is `required`, `optional` (with the type inside its `Option`), `patch` (with the type inside its `Patch`), or
/// `extra` (members that this version does not know).
macro_rules! builder {
    (
        $(#[$meta:meta])*
        $builder:ident => $target:ident { $($kind:ident $field:ident: $type:ty = $wire:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default)]
        #[must_use = "a builder does nothing until it is built or passed to a call"]
        pub struct $builder {
            problems: crate::builder_support::Problems,
            $($field: builder!(@held $kind $type),)*
        }

        impl $builder {
            /// Builds the value.
            ///
            /// # Errors
            ///
            /// A field is missing or has an invalid value; the error names the first one.
            #[inline]
            pub fn build(self) -> Result<$target, crate::builder_support::BuildError> {
                self.problems.check(stringify!($target))?;
                Ok($target { $($field: builder!(@taken $kind $target, $wire, self.$field),)* })
            }
        }

        impl std::fmt::Debug for $builder {
            /// Shows only the name: the fields may contain secrets that the built value redacts.
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($builder)).finish_non_exhaustive()
            }
        }

        impl TryFrom<$builder> for $target {
            type Error = crate::builder_support::BuildError;
            #[inline]
            fn try_from(builder: $builder) -> Result<Self, crate::builder_support::BuildError> {
                builder.build()
            }
        }

        impl $target {
            #[doc = concat!("Creates a builder of `", stringify!($target), "` with no fields set.")]
            pub fn builder() -> $builder {
                $builder::default()
            }
        }
    };
    (@held required $type:ty) => { Option<$type> };
    (@held optional $type:ty) => { Option<$type> };
    (@held patch $type:ty) => { crate::patch::Patch<$type> };
    (@held extra $type:ty) => { $type };
    (@taken required $target:ident, $wire:literal, $held:expr) => {
        crate::builder_support::Problems::required(stringify!($target), $wire, $held)?
    };
    (@taken $kind:ident $target:ident, $wire:literal, $held:expr) => { $held };
}
pub(crate) use builder;

/// Converts the content of a union's variant, and the builder of a struct, into the union.
macro_rules! member {
    ($union:ident::$variant:ident($member:ty)) => {
        impl From<$member> for $union {
            fn from(value: $member) -> Self {
                Self::$variant(value)
            }
        }
    };
    ($union:ident::$variant:ident($member:ty) from &str) => {
        impl From<&str> for $union {
            fn from(value: &str) -> Self {
                Self::$variant(value.into())
            }
        }
    };
    ($union:ident::$variant:ident($member:ty, $builder:ident)) => {
        member!($union::$variant($member));

        impl TryFrom<$builder> for $union {
            type Error = crate::builder_support::BuildError;
            #[inline]
            fn try_from(builder: $builder) -> Result<Self, crate::builder_support::BuildError> {
                builder.build().map(Self::$variant)
            }
        }
    };
}
pub(crate) use member;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(problems: Problems) -> String {
        problems.check("Thing").unwrap_err().to_string()
    }

    #[test]
    fn the_first_invalid_value_is_named() {
        let mut problems = Problems::default();
        assert_eq!(problems.list::<u8>("list", [1, 2]), Some(vec![1, 2]));
        assert_eq!(problems.map::<u8>("map", [("a", 1)]), Some(BTreeMap::from([("a".to_owned(), 1)])));
        assert!(problems.clone().check("Thing").is_ok());
        assert_eq!(problems.list::<u8>("list", [1, 300]), None);
        assert_eq!(problems.map::<u8>("map", [("a", -1)]), None);
        assert!(message(problems).starts_with("Thing: `list[1]`: "));
        let mut problems = Problems::default();
        problems.map::<u8>("map", [("a", -1)]);
        assert!(message(problems).starts_with("Thing: `map.a`: "));
    }

    #[test]
    fn setting_a_field_again_removes_its_problem() {
        let mut problems = Problems::default();
        problems.value::<u8>("a", 300);
        problems.value::<u8>("b", 1);
        assert!(problems.clone().check("Thing").is_err());
        problems.value::<u8>("a", 3);
        assert!(problems.check("Thing").is_ok());
        let mut problems = Problems::default();
        assert_eq!(problems.maybe::<u8>("a", Some(300)), None);
        assert_eq!(problems.maybe::<u8>("a", None::<u8>), None);
        assert!(problems.check("Thing").is_ok());
    }

    #[test]
    fn setting_a_field_again_keeps_other_problems() {
        let mut problems = Problems::default();
        problems.value::<u8>("a", 300);
        problems.value::<u8>("b", 300);
        problems.value::<u8>("a", 3);
        assert!(message(problems.clone()).starts_with("Thing: `b`: "));
        problems.settle("b");
        assert!(problems.check("Thing").is_ok());
    }

    #[test]
    fn a_nested_problem_has_its_full_path() {
        let inner = BuildError::new("url", None).of("AssetUrl");
        let outer = inner.within("[1]").within("images").of("Thing");
        assert_eq!(outer.to_string(), "Thing: `images[1].url` is required; set it");
        assert_eq!(outer.path(), "images[1].url");
    }
}
