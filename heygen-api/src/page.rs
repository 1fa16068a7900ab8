//! One page of a list, and the forms in which the service sends it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use crate::object::object;

/// One page of a list.
///
/// ```no_run
/// # async fn example(client: heygen_api::Client) -> Result<(), heygen_api::Error> {
/// let page = client.list_videos().limit(10).await?;
/// for video in &page.items {
///     println!("{} {}", video.id, video.status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// The cursor of the next page, to pass as `token` to the next call. `None` on the last page.
    pub next_token: Option<String>,
    /// Whether more pages follow.
    pub has_more: bool,
}

impl<T: Serialize> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut page = serializer.serialize_struct("Page", 3)?;
        page.serialize_field("items", &self.items)?;
        page.serialize_field("next_token", &self.next_token)?;
        page.serialize_field("has_more", &self.has_more)?;
        page.end()
    }
}

impl<T> Page<T> {
    pub(crate) fn new(items: Vec<T>, next_token: Option<String>, has_more: Option<bool>) -> Self {
        let next_token = next_token.filter(|token| !token.is_empty() && has_more != Some(false));
        let has_more = has_more.unwrap_or(next_token.is_some());
        Self { items, next_token, has_more }
    }
}

/// A page in the service's envelope: `data` is the list of items, or an object that contains it.
pub(crate) struct WholePage<T> {
    data: Option<Listed<T>>,
    next_token: Option<String>,
    has_more: Option<bool>,
    pub(crate) error: Option<IgnoredAny>,
}

struct Nested<T> {
    items: Option<Vec<T>>,
    next_token: Option<String>,
    has_more: Option<bool>,
}

object! { @read Page<T>: reply { required items, optional next_token, required has_more, } }
object! { @read WholePage<T>: reply { optional data, optional next_token, optional has_more, optional error, } }
object! { @read Nested<T>: reply { optional items, optional next_token, optional has_more, } }

enum Listed<T> {
    Flat(Vec<T>),
    Nested(Nested<T>),
}

impl<T> From<WholePage<T>> for Page<T> {
    fn from(whole: WholePage<T>) -> Self {
        match whole.data {
            // The document makes `data` optional in almost every response.
            None => Self::new(Vec::new(), whole.next_token, whole.has_more),
            Some(Listed::Flat(items)) => Self::new(items, whole.next_token, whole.has_more),
            Some(Listed::Nested(page)) => Self::new(
                page.items.unwrap_or_default(),
                page.next_token.or(whole.next_token),
                page.has_more.or(whole.has_more),
            ),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Listed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list, or an object with `items`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(Listed::Flat)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                Nested::deserialize(MapAccessDeserializer::new(members)).map(Listed::Nested)
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn page(value: Value) -> Page<u8> {
        serde_json::from_value::<WholePage<u8>>(value).unwrap().into()
    }

    #[test]
    fn every_form_of_a_page_is_read() {
        let expected = Page { items: vec![1, 2], next_token: Some("t".to_owned()), has_more: true };
        assert_eq!(page(json!({"data": [1, 2], "next_token": "t", "has_more": true})), expected);
        assert_eq!(page(json!({"data": {"items": [1, 2], "next_token": "t", "has_more": true}})), expected);
        assert_eq!(page(json!({"data": [1, 2], "next_token": "t"})), expected);
    }

    #[test]
    fn the_last_page_has_no_token() {
        for rest in [
            json!({"data": []}),
            json!({"data": [], "next_token": null, "has_more": false}),
            json!({"data": [], "next_token": "", "has_more": false}),
            json!({"data": [], "next_token": "t", "has_more": false}),
            json!({"data": {"items": []}}),
            json!({"data": {"items": null}}),
            json!({"data": null, "has_more": false}),
            json!({}),
        ] {
            assert_eq!(page(rest), Page { items: vec![], next_token: None, has_more: false });
        }
    }
}
