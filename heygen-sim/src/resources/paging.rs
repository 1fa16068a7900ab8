//! Pages of lists.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Answer, list};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::document::Route;
use crate::store::Store;

/// Maximum number of items on the page: the parameter `limit`, or its default.
pub(crate) fn limit(call: &Call) -> usize {
    let stated = call.route.query_default("limit").and_then(Value::as_u64).unwrap_or(10);
    let limit = call.query.get("limit").and_then(|text| text.parse().ok()).unwrap_or(stated);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Creates a cursor. It is opaque, and belongs to one list.
fn cursor(route: &Route, number: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}:{number}", route.id))
}

/// The number in the cursor of a request; `None` for the first page.
fn position(call: &Call) -> Result<Option<u64>, ApiError> {
    let Some(token) = call.query.get("token").filter(|token| !token.is_empty()) else { return Ok(None) };
    let read = || {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        text.strip_prefix(&call.route.id)?.strip_prefix(':')?.parse().ok()
    };
    read().map(Some).ok_or_else(|| ApiError::invalid("token", "the token is not one of this list"))
}

/// A page of a store, newest first. Resources for which `show` returns `None` are left out.
pub(crate) fn page<'a, T, V: Serialize>(
    call: &Call,
    store: &'a Store<T>,
    mut show: impl FnMut(&'a T) -> Option<V>,
) -> Answer {
    let before = position(call)?.unwrap_or(u64::MAX);
    let mut shown = store.before(before).filter_map(|(number, value)| Some((number, show(value)?)));
    let mut last = None;
    let mut items = Vec::new();
    for (number, item) in shown.by_ref().take(limit(call)) {
        last = Some(number);
        items.push(item);
    }
    let more = shown.next().is_some();
    let next = last.filter(|_| more).map(|number| cursor(call.route, number));
    list(items, next)
}

/// A page of a complete list, in its order.
pub(crate) fn page_of(call: &Call, items: Vec<Value>, limit: usize) -> Answer {
    let (items, next) = page_items(call, items, limit)?;
    list(items, next)
}

/// The items of a page, and the cursor of the next one, for a list that is nested in a resource.
pub(crate) fn page_items(
    call: &Call,
    items: Vec<Value>,
    limit: usize,
) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let start = usize::try_from(position(call)?.unwrap_or(0)).unwrap_or(usize::MAX);
    let end = start.saturating_add(limit);
    let next = (end < items.len()).then(|| cursor(call.route, end as u64));
    Ok((items.into_iter().skip(start).take(limit).collect(), next))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::document::document;
    use crate::inline::Inline;
    use crate::reply::Payload;

    fn call(limit: usize) -> Call {
        Call {
            route: document().route("listVideosV3").unwrap(),
            path: BTreeMap::new(),
            query: BTreeMap::from([("limit".to_owned(), limit.to_string())]),
            body: Value::Null,
            inline: Inline::default(),
            file: None,
            now: 0,
        }
    }

    /// The work is counted in allocations: for each item of the page, and not for the other items of the store.
    #[test]
    fn the_work_of_a_page_grows_with_its_items_and_not_with_the_store() {
        let work = |stored: usize, limit: usize| {
            let mut store = Store::new(stored);
            (0..stored)
                .for_each(|number| drop(store.insert(format!("id-{number}"), json!({"number": number}))));
            let call = call(limit);
            let measured = allocation_counter::measure(|| {
                let reply = page(&call, &store, Some).unwrap();
                assert_eq!(reply.status, StatusCode::OK);
            });
            measured.count_total
        };
        let (small, large) = (work(1_000, 10), work(1_000, 100));
        assert!(large <= small + 90, "{large} allocations for 100 items, and {small} for 10");
        assert_eq!(work(20_000, 100), large);
    }

    #[test]
    fn a_page_tells_whether_more_follow() {
        let mut store = Store::new(10);
        (0..3).for_each(|number| drop(store.insert(format!("id-{number}"), number)));
        let body = |limit| match page(&call(limit), &store, Some).unwrap().payload {
            Payload::Bytes(text) => serde_json::from_slice::<Value>(&text).unwrap(),
            _ => Value::Null,
        };
        assert_eq!(body(3), json!({"data": [2, 1, 0], "has_more": false, "next_token": null}));
        let first = body(2);
        assert_eq!((&first["data"], &first["has_more"]), (&json!([2, 1]), &json!(true)));
        assert!(first["next_token"].is_string());
    }
}
