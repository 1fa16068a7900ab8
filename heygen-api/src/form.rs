//! Encodes a body as names and values of a form (`application/x-www-form-urlencoded`).

use http::HeaderValue;
use reqwest::Url;
use serde_json::{Map, Value};

/// The media type of such a form.
pub(crate) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Encodes the JSON of a body. A list becomes a pair for each item; null is omitted. The error is the problem.
pub(crate) fn encode(body: &[u8]) -> Result<Vec<u8>, String> {
    let fields: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_| "a form consists of names and values, but the body is not an object".to_owned())?;
    // The rules of a query and of a form are the same.
    let mut url = Url::parse("form:").map_err(|error| error.to_string())?;
    let mut pairs = url.query_pairs_mut();
    for (name, value) in fields {
        let values = match value {
            Value::Array(values) => values,
            value => vec![value],
        };
        for value in values {
            match value {
                Value::Null => {}
                Value::String(text) => drop(pairs.append_pair(&name, &text)),
                Value::Array(_) | Value::Object(_) => {
                    return Err(format!(
                        "`{name}` is a list in a list or an object, which a form cannot hold"
                    ));
                }
                scalar => drop(pairs.append_pair(&name, &scalar.to_string())),
            }
        }
    }
    drop(pairs);
    Ok(url.query().unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn encoded(body: Value) -> Result<String, String> {
        super::encode(body.to_string().as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn names_and_values_are_encoded() {
        let body = json!({"title": "a & b", "count": 2, "express": true, "labels": ["x", "ü"], "none": null});
        assert_eq!(encoded(body).unwrap(), "count=2&express=true&labels=x&labels=%C3%BC&title=a+%26+b");
        assert_eq!(encoded(json!({})).unwrap(), "");
    }

    #[test]
    fn an_object_is_refused_by_name() {
        assert!(encoded(json!({"size": {"width": 1}})).unwrap_err().contains("`size`"));
        assert!(encoded(json!([1])).is_err());
    }
}
