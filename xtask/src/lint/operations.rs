//! Rules on operations: media types, statuses, parameters.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::lower::extension;
use crate::walk::{self, Operation};

const REQUEST_MEDIA: [&str; 1] = ["application/json"];
const RESPONSE_MEDIA: [&str; 2] = ["application/json", "text/event-stream"];

pub(super) fn lint(lowered: &Value, found: &mut Vec<Diagnostic>) {
    for operation in walk::operations(lowered) {
        let mut say = |rule, problem: String, remedy: &str| {
            found.push(Diagnostic::new(rule, operation.id(), problem, remedy));
        };
        if operation.value.get("operationId").and_then(Value::as_str).is_none() {
            say(
                "operation-id-missing",
                "the operation has no `operationId`".into(),
                "add one in the overlay",
            );
        }
        if operation.path.matches('{').count() != operation.path.matches('}').count()
            || !operation.path.starts_with('/')
        {
            say("path-template", format!("`{}` is no path template", operation.path), "mend the path");
        }
        for extension in ["x-dropshot-websocket", "x-dropshot-pagination"] {
            if operation.value.get(extension).is_some() {
                say(
                    "dropshot-extension",
                    format!("`{extension}` changes the code in unforeseen ways"),
                    "remove it",
                );
            }
        }
        request(&operation, &mut say);
        form(&operation, &mut say);
        responses(&operation, &mut say);
        parameters(lowered, &operation, &mut say);
    }
}

type Say<'a> = dyn FnMut(&'static str, String, &str) + 'a;

fn request(operation: &Operation<'_>, say: &mut Say<'_>) {
    let Some(body) = operation.value.get("requestBody") else { return };
    let media: Vec<_> = operation.request_media().collect();
    if media.len() > 1 {
        let names: Vec<_> = media.iter().map(|(name, _)| name.as_str()).collect();
        say(
            "request-media-types",
            format!(
                "the request body has {} media types ({}); a call sends one",
                media.len(),
                names.join(", ")
            ),
            "keep the one that is used: remove the others under requestBody.content",
        );
    }
    for (name, object) in media {
        if !REQUEST_MEDIA.contains(&name.as_str()) {
            say(
                "request-media-type",
                format!("a request body of type `{name}` cannot be generated"),
                "forms are taken out by the pass `media`; write any other by hand and remove it here",
            );
        }
        media_object(name, object, "the request body", say);
        if object.get("schema").is_some_and(|schema| walk::target(schema).is_none()) {
            say("request-body-type", "the request body has an inline schema".into(), "make it a component");
        }
    }
    if body.get("required").and_then(Value::as_bool) != Some(true) {
        say(
            "optional-body",
            "the request body is optional; the client would always ask for it".into(),
            "say that it is: update requestBody {required: true}",
        );
    }
}

/// A form can be emitted when it is one file.
fn form(operation: &Operation<'_>, say: &mut Say<'_>) {
    let Some(form) = operation.value.get(extension::MULTIPART) else { return };
    let parts = form.get("properties").and_then(Value::as_object);
    let binary = |part: &Value| part.get("format").and_then(Value::as_str) == Some("binary");
    if parts.is_none_or(|parts| parts.len() != 1 || !parts.values().all(binary)) {
        let problem = "the form is more than one part of `format: binary`, which is all that can be emitted";
        say(
            "form-parts",
            problem.to_owned(),
            "drop what need not be sent, or extend heygen-api/src/multipart.rs",
        );
    }
}

fn media_object(name: &str, object: &Value, what: &str, say: &mut Say<'_>) {
    if object.get("schema").is_none() {
        say("media-schema-missing", format!("{what} of type `{name}` has no schema"), "add one");
    }
    if object.get("encoding").is_some() {
        let problem = format!("{what} of type `{name}` has an encoding, which cannot be written");
        say("media-encoding", problem, "remove `encoding`");
    }
}

fn responses(operation: &Operation<'_>, say: &mut Say<'_>) {
    let mut successes = BTreeSet::new();
    let mut refusals = BTreeSet::new();
    for (status, response) in operation.responses() {
        if status == "default" {
            say(
                "default-response",
                "`default` would count as a success too, and its type clash with the real one".into(),
                "rename it to 4XX and 5XX",
            );
            continue;
        }
        if response.get("$ref").is_some() {
            say(
                "response-reference",
                format!("the response {status} is a `$ref`"),
                "put the response in its place",
            );
            continue;
        }
        let valid =
            matches!(status.as_bytes(), [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] | [b'1'..=b'5', b'X', b'X']);
        if !valid {
            say("status-code", format!("`{status}` is no status"), "use 100 to 599, or 4XX");
        }
        let kinds = kinds(status, response, say);
        if walk::is_success(status) { successes.extend(kinds) } else { refusals.extend(kinds) }
    }
    if successes.len() > 1 {
        let problem = format!("its successes differ ({}); a call has one type of reply", listed(&successes));
        say("success-types-differ", problem, "make them one component, or drop the one that is not sent");
    }
    if refusals.len() > 1 {
        let problem = format!("its refusals differ ({}); there is one type of error", listed(&refusals));
        say("error-types-differ", problem, "one error schema for all statuses");
    }
}

fn listed(kinds: &BTreeSet<String>) -> String {
    kinds.iter().cloned().collect::<Vec<_>>().join(", ")
}

/// What a response decodes into.
fn kinds(status: &str, response: &Value, say: &mut Say<'_>) -> BTreeSet<String> {
    let content: Vec<_> = response.get("content").and_then(Value::as_object).into_iter().flatten().collect();
    if content.is_empty() {
        return BTreeSet::from(["nothing".to_owned()]);
    }
    if content.len() > 1 {
        let problem =
            format!("the response {status} has {} media types; the first one wins silently", content.len());
        say("response-media-types", problem, "keep the one that is sent");
    }
    let of_one = |(name, object): (&String, &Value), say: &mut Say<'_>| {
        media_object(name, object, &format!("the response {status}"), say);
        let allowed = if walk::is_success(status) { &RESPONSE_MEDIA[..] } else { &RESPONSE_MEDIA[..1] };
        if !allowed.contains(&name.as_str()) {
            let problem = format!("the response {status} of type `{name}` would lose its type");
            say("response-media-type", problem, "relabel it application/json if that is what is sent");
        }
        let Some(schema) = object.get("schema") else { return "nothing".to_owned() };
        walk::target(schema).map_or_else(|| schema.to_string(), str::to_owned)
    };
    content.into_iter().map(|one| of_one(one, say)).collect()
}

fn parameters(lowered: &Value, operation: &Operation<'_>, say: &mut Say<'_>) {
    for parameter in operation.parameters() {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        let location = parameter.get("in").and_then(Value::as_str).unwrap_or_default();
        let text = |key: &str| parameter.get(key).and_then(Value::as_str);
        let flag = |key: &str| parameter.get(key).and_then(Value::as_bool);
        if parameter.get("$ref").is_some() {
            say("parameter-reference", "a parameter is a `$ref`".into(), "put the parameter in its place");
            continue;
        }
        let usual = match location {
            "query" => Some("form"),
            "path" | "header" => Some("simple"),
            _ => None,
        };
        match usual {
            None => say(
                "parameter-style",
                format!("`{name}` is in `{location}`, where the generator has none"),
                "write the operation by hand",
            ),
            Some(usual) if text("style").is_some_and(|style| style != usual) => {
                let problem = format!("`{name}` has the style `{}`", text("style").unwrap_or_default());
                say("parameter-style", problem, "write the operation by hand");
            }
            Some(_) if location == "query" && flag("explode") == Some(false) => {
                let problem =
                    format!("`{name}` has `explode: false`, which the generator ignores: it repeats the key");
                say("parameter-style", problem, "make it a string that the caller joins");
            }
            Some(_) => {}
        }
        if location == "path" && flag("required") != Some(true) {
            let problem =
                format!("the path parameter `{name}` is not required; a path without it is another path");
            say("path-parameter-optional", problem, "update {required: true}");
        }
        let simple = |schema: &Value| {
            let kind = schema.get("type").and_then(Value::as_str);
            let scalar = matches!(kind, Some("string" | "integer" | "number" | "boolean"));
            let nullable = schema.get("nullable") == Some(&true.into());
            let component =
                walk::target(schema).map(|name| format!("/components/schemas/{}", walk::escape(name)));
            let component = component.and_then(|pointer| lowered.pointer(&pointer));
            (scalar || component.is_some_and(|schema| schema.get("enum").is_some())) && !nullable
        };
        let list = |schema: &Value| {
            schema.get("type") == Some(&"array".into()) && schema.get("items").is_some_and(simple)
        };
        if !parameter
            .get("schema")
            .is_some_and(|schema| simple(schema) || (location == "query" && list(schema)))
        {
            let problem =
                format!("`{name}` is no text, number, flag, enumeration or (in a query) list of them");
            say(
                "parameter-schema",
                problem,
                "describe it as one; a parameter that may be left out is not nullable",
            );
        }
    }
    if operation.value.get(extension::EVENTS).is_none()
        && operation.success_media().any(|(_, media, _)| media == "text/event-stream")
    {
        say(
            "event-stream-type",
            "an event stream does not say what its events carry".into(),
            "give the response a `$ref` to the event's component",
        );
    }
}
