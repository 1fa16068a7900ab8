//! Rules on operations: media types, statuses, parameters.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::lower::extension;
use crate::lower::replies::Reply;
use crate::lower::resources;
use crate::walk::{self, Operation};

const REQUEST_MEDIA: [&str; 1] = ["application/json"];
const RESPONSE_MEDIA: [&str; 2] = ["application/json", "text/event-stream"];

pub(super) fn lint(lowered: &Value, found: &mut Vec<Diagnostic>) {
    for operation in walk::operations(lowered) {
        let mut report = |rule, problem: String, remedy: &str| {
            found.push(Diagnostic::new(rule, operation.id(), problem, remedy));
        };
        if operation.value.get("operationId").and_then(Value::as_str).is_none() {
            report(
                "operation-id-missing",
                "the operation has no `operationId`".into(),
                "add one in the overlay: update {operationId: …}",
            );
        }
        // A word of Rust's own gets an underscore at its end.
        let is_free = |name: &str| {
            syn::parse_str::<syn::Ident>(&format!("{name}_")).is_ok() && name != resources::SHARED
        };
        let resource = operation.value.get(extension::RESOURCE).and_then(Value::as_str);
        if let Some(resource) = resource.filter(|name| !is_free(name)) {
            report(
                "resource-name",
                format!(
                    "the first tag would become the module `{resource}`, which is not a free name of Rust"
                ),
                "change the first of the `tags` in the overlay",
            );
        }
        if operation.path.matches('{').count() != operation.path.matches('}').count()
            || !operation.path.starts_with('/')
        {
            report(
                "path-template",
                format!("`{}` is not a valid path template", operation.path),
                "correct the path: start it with `/` and close every brace",
            );
        }
        for extension in ["x-dropshot-websocket", "x-dropshot-pagination"] {
            if operation.value.get(extension).is_some() {
                report(
                    "dropshot-extension",
                    format!("the generator would write other code for an operation with `{extension}`"),
                    "remove the extension in the overlay",
                );
            }
        }
        request(&operation, &mut report);
        form(&operation, &mut report);
        form_body(lowered, &operation, &mut report);
        responses(&operation, &mut report);
        parameters(lowered, &operation, &mut report);
        page(lowered, &operation, &mut report);
    }
}

type Report<'a> = dyn FnMut(&'static str, String, &str) + 'a;

fn request(operation: &Operation<'_>, report: &mut Report<'_>) {
    let media: Vec<_> = operation.request_media().collect();
    if media.len() > 1 {
        let names: Vec<_> = media.iter().map(|(name, _)| name.as_str()).collect();
        report(
            "request-media-types",
            format!(
                "the request body has {} media types ({}), but a call can send only one",
                media.len(),
                names.join(", ")
            ),
            "remove the unused ones from `requestBody.content` in the overlay",
        );
    }
    for (name, object) in media {
        if !REQUEST_MEDIA.contains(&name.as_str()) {
            report(
                "request-media-type",
                format!("the generator does not support a request body of type `{name}`"),
                "remove the operation in the overlay and write it by hand; a multipart form is supported only as the only media type",
            );
        }
        media_object(name, object, "the request body", report);
    }
}

/// Only a form with one part, which is a file, is supported.
fn form(operation: &Operation<'_>, report: &mut Report<'_>) {
    let Some(form) = operation.value.get(extension::MULTIPART) else { return };
    let parts = form.get("properties").and_then(Value::as_object);
    let binary = |part: &Value| part.get("format").and_then(Value::as_str) == Some("binary");
    if parts.is_none_or(|parts| parts.len() != 1 || !parts.values().all(binary)) {
        let problem = "the form is not supported: it must consist of one part with `format: binary`";
        report(
            "form-parts",
            problem.to_owned(),
            "remove the parts that need not be sent, or extend heygen-api/src/multipart.rs",
        );
    }
    if Reply::of(operation.value) != Some(Reply::Data) {
        report(
            "form-reply",
            "the reply to a form must be JSON with its content in a member `data`".to_owned(),
            "correct the schema of the successful response in the overlay",
        );
    }
}

/// A form of names and values has no nested objects.
fn form_body(lowered: &Value, operation: &Operation<'_>, report: &mut Report<'_>) {
    if operation.value.get(extension::FORM_BODY).is_none() {
        return;
    }
    let schema = operation.request_media().find_map(|(_, media)| media.get("schema"));
    let component = schema.and_then(walk::target).and_then(|name| walk::component(lowered, name));
    let fields = component.and_then(|component| component.get("properties")).and_then(Value::as_object);
    if fields.is_none() {
        let problem = "the form has no list of fields".to_owned();
        report("form-body", problem, "give it an object with `properties` in the overlay");
    }
    for (name, schema) in fields.into_iter().flatten() {
        let item = schema.get("items").filter(|_| schema["type"] == "array").unwrap_or(schema);
        if !is_scalar(lowered, item) {
            report(
                "form-body",
                format!(
                    "the field `{name}` of the form is not a string, number, boolean, enumeration or list of these"
                ),
                "remove the field in the overlay, or send the operation as JSON if the service accepts it",
            );
        }
    }
}

/// Whether values of a schema have one form as text.
fn is_scalar(lowered: &Value, schema: &Value) -> bool {
    let kind = schema.get("type").and_then(Value::as_str);
    let component = walk::target(schema).and_then(|name| walk::component(lowered, name));
    matches!(kind, Some("string" | "integer" | "number" | "boolean"))
        || component.is_some_and(|schema| schema.get("enum").is_some())
}

fn media_object(name: &str, object: &Value, what: &str, report: &mut Report<'_>) {
    if object.get("schema").is_none() {
        report(
            "media-schema-missing",
            format!("{what} of type `{name}` has no schema"),
            "add a `schema` in the overlay",
        );
    }
    if object.get("encoding").is_some() {
        let problem = format!("{what} of type `{name}` has `encoding`, which the generator does not support");
        report("media-encoding", problem, "remove `encoding` in the overlay");
    }
}

fn responses(operation: &Operation<'_>, report: &mut Report<'_>) {
    let mut successes = BTreeSet::new();
    let mut errors = BTreeSet::new();
    for (status, response) in operation.responses() {
        if status == "default" {
            report(
                "default-response",
                "the generator would also use the type of `default` for successful responses".into(),
                "replace `default` by `4XX` and `5XX` in the overlay",
            );
            continue;
        }
        if response.get("$ref").is_some() {
            report(
                "response-reference",
                format!("the response {status} is a `$ref`"),
                "replace the `$ref` with the response; the pass `inline_references` should do so",
            );
            continue;
        }
        let valid =
            matches!(status.as_bytes(), [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] | [b'1'..=b'5', b'X', b'X']);
        if !valid {
            report(
                "status-code",
                format!("`{status}` is not a valid status"),
                "use 100 to 599, or a range such as `4XX`",
            );
        }
        let is_file = matches!(Reply::of(operation.value), Some(Reply::Text | Reply::Bytes));
        let kinds = kinds(status, response, is_file, report);
        if walk::is_success(status) { successes.extend(kinds) } else { errors.extend(kinds) }
    }
    if successes.len() > 1 {
        let problem = format!(
            "its successful responses differ ({}), but a call returns one type",
            join_names(&successes)
        );
        report(
            "success-types-differ",
            problem,
            "give them one component, or remove those that the service does not send",
        );
    }
    if errors.len() > 1 {
        let problem = format!(
            "its error responses differ ({}), but the client has one error type",
            join_names(&errors)
        );
        report("error-types-differ", problem, "give all error statuses the same schema");
    }
}

/// An operation that lists has the parameters `limit` and `token`, and a reply with `next_token`.
fn page(lowered: &Value, operation: &Operation<'_>, report: &mut Report<'_>) {
    let parameter = |name: &str| {
        let found = operation.parameters().find(|one| one["in"] == "query" && one["name"] == name)?;
        found.get("schema")
    };
    let (Some(limit), Some(token)) = (parameter("limit"), parameter("token")) else { return };
    let schema = operation.success_media().next().and_then(|(_, _, object)| object.get("schema"));
    let component = schema.and_then(walk::target).and_then(|name| walk::component(lowered, name));
    let members = component.and_then(|component| component.get("properties"));
    let is_page = Reply::of(operation.value) == Some(Reply::Page);
    if !is_page && members.is_none_or(|members| members.get("next_token").is_none()) {
        return;
    }
    for (name, schema, kind) in [("limit", limit, "integer"), ("token", token, "string")] {
        if schema["type"] != kind {
            report(
                "page-parameter",
                format!("the operation lists page by page, but its parameter `{name}` is not of type {kind}"),
                "correct the type of the parameter in the overlay, or rename the parameter if the operation does not list pages",
            );
        }
    }
    if operation.value.get(extension::PAGE_LIMIT).is_none() {
        report(
            "page-limit",
            "the operation lists page by page, but `limit` has no `maximum`".into(),
            "add the maximum to the schema of the parameter in the overlay",
        );
    }
    let missing = |name: &&str| members.is_some_and(|members| members.get(*name).is_none());
    for name in ["items", "has_more"].iter().filter(|name| !is_page && missing(name)) {
        report(
            "page-member",
            format!("the reply has `next_token`, as a page has, but not `{name}`"),
            "add the member in the overlay if the service sends it, or remove `next_token`",
        );
    }
}

fn join_names(kinds: &BTreeSet<String>) -> String {
    kinds.iter().cloned().collect::<Vec<_>>().join(", ")
}

/// The names of the types that a response decodes into.
fn kinds(status: &str, response: &Value, is_file: bool, report: &mut Report<'_>) -> BTreeSet<String> {
    let content: Vec<_> = response.get("content").and_then(Value::as_object).into_iter().flatten().collect();
    if content.is_empty() {
        return BTreeSet::from(["nothing".to_owned()]);
    }
    if content.len() > 1 {
        let problem = format!(
            "the response {status} has {} media types, of which the generator would use only the first",
            content.len()
        );
        report("response-media-types", problem, "remove those that the service does not send");
    }
    let of_one = |(name, object): (&String, &Value), report: &mut Report<'_>| {
        if walk::is_success(status) && is_file {
            return name.clone();
        }
        media_object(name, object, &format!("the response {status}"), report);
        let allowed = if walk::is_success(status) { &RESPONSE_MEDIA[..] } else { &RESPONSE_MEDIA[..1] };
        if !allowed.contains(&name.as_str()) {
            let problem =
                format!("the generator would ignore the schema of the response {status} of type `{name}`");
            report(
                "response-media-type",
                problem,
                "if the service sends JSON, rename the media type to `application/json` in the overlay",
            );
        }
        let Some(schema) = object.get("schema") else { return "nothing".to_owned() };
        walk::target(schema).map_or_else(|| schema.to_string(), str::to_owned)
    };
    content.into_iter().map(|one| of_one(one, report)).collect()
}

fn parameters(lowered: &Value, operation: &Operation<'_>, report: &mut Report<'_>) {
    for parameter in operation.parameters() {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        let location = parameter.get("in").and_then(Value::as_str).unwrap_or_default();
        let text = |key: &str| parameter.get(key).and_then(Value::as_str);
        let flag = |key: &str| parameter.get(key).and_then(Value::as_bool);
        if parameter.get("$ref").is_some() {
            report(
                "parameter-reference",
                "a parameter is a `$ref`".into(),
                "replace the `$ref` with the parameter; the pass `inline_references` should do so",
            );
            continue;
        }
        let default = match location {
            "query" => Some("form"),
            "path" | "header" => Some("simple"),
            _ => None,
        };
        match default {
            None => report(
                "parameter-style",
                format!("the parameter `{name}` is in `{location}`, which the generator does not support"),
                "remove the operation in the overlay, and write it by hand",
            ),
            Some(default) if text("style").is_some_and(|style| style != default) => {
                let problem = format!(
                    "the parameter `{name}` has the style `{}`, which the generator does not support",
                    text("style").unwrap_or_default()
                );
                report(
                    "parameter-style",
                    problem,
                    "remove the operation in the overlay, and write it by hand",
                );
            }
            Some(_) if location == "query" && flag("explode") == Some(false) => {
                let problem = format!(
                    "the generator ignores `explode: false` of `{name}`, and repeats the key for each value"
                );
                report(
                    "parameter-style",
                    problem,
                    "make it a string in the overlay, so that users join the values themselves",
                );
            }
            Some(_) => {}
        }
        if location == "path" && flag("required") != Some(true) {
            let problem = format!("the path parameter `{name}` is optional, but the path needs it");
            report(
                "path-parameter-optional",
                problem,
                "make it required in the overlay: update {required: true}",
            );
        }
        let simple =
            |schema: &Value| is_scalar(lowered, schema) && schema.get("nullable") != Some(&true.into());
        let list = |schema: &Value| {
            schema.get("type") == Some(&"array".into()) && schema.get("items").is_some_and(simple)
        };
        if !parameter
            .get("schema")
            .is_some_and(|schema| simple(schema) || (location == "query" && list(schema)))
        {
            let problem = format!(
                "the parameter `{name}` is not a string, number, boolean, enumeration or (in a query) list of these, or it is nullable"
            );
            report(
                "parameter-schema",
                problem,
                "give it one of these schemas in the overlay; for an optional parameter use `required: false`, not `nullable`",
            );
        }
    }
    if operation.value.get(extension::EVENTS).is_none()
        && operation.success_media().any(|(_, media, _)| media == "text/event-stream")
    {
        report(
            "event-stream-type",
            "the response is an event stream, but its schema does not refer to a component".into(),
            "give the response a `$ref` to the component of its events",
        );
    }
}
