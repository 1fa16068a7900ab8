//! Emits an example for each operation: a call that sets what is required, so that it compiles and shows the request.

use std::collections::BTreeSet;

use heck::ToSnakeCase;
use serde_json::Value;

use super::layout::Code;
use super::operations::{Place, arguments, events, reply, texts};
use super::structs::{Struct, spelled};
use super::unions::constructible;
use crate::lower::replies::Reply;
use crate::lower::{extension, unions, value_unions};
use crate::rust_name::constructor_name;
use crate::walk::{self, Operation};

/// Maximum depth of nested values in an example.
const DEPTH: usize = 6;

/// Creates examples.
pub struct Examples<'a> {
    lowered: &'a Value,
    structs: &'a [Struct],
}

impl<'a> Examples<'a> {
    /// Creates examples for the operations of a document.
    pub fn new(lowered: &'a Value, structs: &'a [Struct]) -> Self {
        Self { lowered, structs }
    }

    /// The example of an operation, as the lines of a doc comment.
    pub fn of(&self, operation: &Operation<'_>) -> String {
        let id = operation.id();
        let mut used = BTreeSet::new();
        let mut call = Code::word("client").method(&id, []);
        for argument in arguments(operation) {
            if argument.optional {
                continue;
            }
            let value = match argument.place {
                Place::Form => Code::word("FilePart::bytes").call([
                    Code::word("\"photo.png\""),
                    Code::word("\"image/png\""),
                    Code::word("photo"),
                ]),
                _ => self.value(argument.schema, &argument.wire, &mut used, 0),
            };
            call = call.method(&argument.ident.to_string(), [value]);
        }
        let call = match events(operation) {
            Some(_) => call.then(&[".await?", ".into_inner()"]),
            None => call.then(&[".await?"]),
        };
        let (binding, then) = self.outcome(operation);
        let form = arguments(operation).iter().any(|one| one.place == Place::Form);
        let mut lines = vec!["# Example".to_owned(), String::new(), "```no_run".to_owned()];
        if events(operation).is_some() {
            lines.push("use futures_util::StreamExt;".to_owned());
        }
        if form {
            lines.push("use heygen_api::FilePart;".to_owned());
        }
        lines.extend(imports(&used));
        let photo = if form { ", photo: Vec<u8>" } else { "" };
        let head = "# async fn example(client: heygen_api::Client";
        lines.push(format!("{head}{photo}) -> Result<(), heygen_api::Error> {{"));
        if lines.len() > 4 {
            // An empty line separates imports from the call.
            lines.insert(lines.len() - 1, String::new());
        }
        lines.extend(call.statement(&binding).lines().map(str::to_owned));
        lines.extend(then);
        lines.extend(["# Ok(())", "# }", "```"].map(str::to_owned));
        lines.join("\n")
    }

    /// The binding of the reply, and the lines that use it.
    fn outcome(&self, operation: &Operation<'_>) -> (String, Vec<String>) {
        let own = |text: &str| text.to_owned();
        if events(operation).is_some() {
            let read =
                ["while let Some(event) = events.next().await {", "    println!(\"{:?}\", event?);", "}"];
            return (own("let mut events = "), read.map(str::to_owned).to_vec());
        }
        if let Some(kind @ (Reply::Text | Reply::Bytes)) = Reply::of(operation.value) {
            let name = noun(&operation.id());
            let line = match kind {
                Reply::Text => format!("println!(\"{{}}\", *{name});"),
                _ => format!("println!(\"{{}} bytes\", {name}.len());"),
            };
            return (format!("let {name} = "), vec![line]);
        }
        let Some((kind, schema)) = reply(operation) else { return (String::new(), Vec::new()) };
        let shown = self.shown(schema);
        if kind == Reply::Page {
            let line = match &shown {
                Some(field) => format!("    println!(\"{{}}\", item.{field});"),
                None => own("    println!(\"{item:?}\");"),
            };
            return (own("let page = "), vec![own("for item in &page.items {"), line, own("}")]);
        }
        let name = noun(&operation.id());
        let line = match &shown {
            Some(field) => format!("println!(\"{{}}\", {name}.{field});"),
            None => format!("println!(\"{{{name}:?}}\");"),
        };
        (format!("let {name} = "), vec![line])
    }

    /// The field of a reply that an example prints: the first required string, preferably an id.
    fn shown(&self, schema: &Value) -> Option<String> {
        let component = walk::target(schema)?;
        let one = self.structs.iter().find(|one| one.name == component)?;
        let text = one.fields.iter().filter(|field| spelled(&field.ty) == "String" && field.is_shown());
        let mut best: Vec<_> = text.map(|field| field.ident.to_string()).collect();
        best.sort_by_key(|name| !(name == "id" || name.ends_with("_id")));
        best.into_iter().next()
    }

    fn value(&self, schema: &Value, name: &str, used: &mut BTreeSet<String>, depth: usize) -> Code {
        if let Some(component) = walk::target(schema) {
            return self.component(component, name, used, depth);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("string") => Code::word(&format!("{:?}", sample_text(name))),
            Some("boolean") => Code::word("true"),
            Some("number") => Code::word("1.0"),
            Some("integer") => Code::word("10"),
            Some("array") if depth < DEPTH => {
                let item = schema.get("items").unwrap_or(&Value::Null);
                let singular = name.strip_suffix('s').unwrap_or(name);
                Code::list([self.value(item, singular, used, depth + 1)])
            }
            Some("object") => match schema.get("additionalProperties").filter(|values| values.is_object()) {
                Some(values) if depth < DEPTH => {
                    let value = self.value(values, "text", used, depth + 1);
                    Code::list([Code::word("").call([Code::word("\"name\""), value])])
                }
                _ => Code::word("serde_json::Map::new()"),
            },
            _ => Code::word("serde_json::json!({})"),
        }
    }

    fn component(&self, name: &str, field: &str, used: &mut BTreeSet<String>, depth: usize) -> Code {
        let schema = &self.lowered["components"]["schemas"][name];
        if let Some(value) = schema.pointer("/enum/0").and_then(Value::as_str) {
            return Code::word(&format!("{value:?}"));
        }
        if unions::is_union(schema) && unions::tag(schema).is_none() {
            return value_unions::members(self.lowered, schema).first().map_or_else(
                || Code::word("serde_json::json!({})"),
                |member| self.value(member.schema, field, used, depth),
            );
        }
        if unions::tag(schema).is_some() {
            return self.member(name, schema, field, used, depth);
        }
        used.insert(name.to_owned());
        let wanted: Vec<&str> = texts(schema, extension::EXAMPLE_FIELDS).collect();
        let Some(one) = self.structs.iter().find(|one| one.name == name) else { return Code::word(name) };
        let mut code = Code::word(&format!("{name}::builder")).call([]);
        let mut fields: Vec<_> = one
            .fields
            .iter()
            .filter(|field| field.inner.is_none() || wanted.contains(&field.wire.as_str()))
            .collect();
        // If nothing is required, the first string field shows how to set a field.
        if fields.is_empty() {
            let is_text = |ty: &Option<syn::Type>| ty.as_ref().is_some_and(|ty| spelled(ty) == "String");
            fields.extend(one.fields.iter().find(|field| is_text(&field.inner)));
        }
        for field in fields {
            let property = &schema["properties"][&field.wire];
            let value = self.value(property, &field.wire, used, depth + 1);
            code = code.method(&field.ident.to_string(), [value]);
        }
        code
    }

    /// The first member with a constructor. Without such a member, the first one.
    fn member(
        &self,
        union: &str,
        schema: &Value,
        field: &str,
        used: &mut BTreeSet<String>,
        depth: usize,
    ) -> Code {
        let members = unions::members(schema);
        let by_constructor = constructible(&members, self.structs)
            .find(|(_, _, one)| one.fields.iter().all(|field| field.inner.is_none()));
        if let Some((_, member, one)) = by_constructor.filter(|_| depth > 0) {
            used.insert(union.to_owned());
            let property = one.fields.first().map(|first| {
                let properties = &self.lowered["components"]["schemas"][&one.name]["properties"];
                (&properties[&first.wire], first.wire.clone())
            });
            let arguments = property.map(|(schema, wire)| {
                let name = if wire == "url" { field } else { wire.as_str() };
                let name = if wire == "url" && !name.contains("url") {
                    format!("{name}_url")
                } else {
                    name.to_owned()
                };
                self.value(schema, &name, used, depth + 1)
            });
            let constructor = format!("{union}::{}", constructor_name(&member.value));
            return Code::word(&constructor).call(arguments);
        }
        match members.first() {
            Some(member) => self.component(&member.component, field, used, depth + 1),
            None => Code::word("serde_json::json!({})"),
        }
    }
}

/// The imports of an example, at most 80 columns wide.
fn imports(used: &BTreeSet<String>) -> Vec<String> {
    let names: Vec<&str> = used.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => Vec::new(),
        [only] => vec![format!("use heygen_api::types::{only};")],
        several => {
            let line = format!("use heygen_api::types::{{{}}};", several.join(", "));
            if line.len() <= super::layout::WIDTH {
                return vec![line];
            }
            let mut lines = vec!["use heygen_api::types::{".to_owned()];
            let mut line = String::new();
            for name in several {
                if !line.is_empty() && line.len() + name.len() + 2 > super::layout::WIDTH {
                    lines.push(std::mem::take(&mut line));
                }
                let space = if line.is_empty() { "    " } else { " " };
                line.push_str(&format!("{space}{name},"));
            }
            lines.extend([line, "};".to_owned()]);
            lines
        }
    }
}

/// The variable for the reply: the last word of the operation's name, if it is a noun.
fn noun(id: &str) -> String {
    let words: Vec<&str> = id.split('_').filter(|word| !matches!(*word, "v1" | "v2")).collect();
    let last = words.last().copied().unwrap_or("reply");
    let verbs = ["create", "get", "list", "delete", "update", "generate", "clone", "design", "search"];
    match syn::parse_str::<syn::Ident>(last) {
        Ok(_) if !verbs.contains(&last) && words.len() > 1 => last.to_owned(),
        _ => "reply".to_owned(),
    }
}

/// A sample string for a field of this name.
fn sample_text(name: &str) -> String {
    let name = name.to_snake_case();
    let is = |words: &[&str]| words.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")));
    if is(&["id", "ids"]) || name == "token" {
        return name.to_uppercase();
    }
    if is(&["url", "uri"]) {
        let file = match name.trim_end_matches("_url").trim_end_matches("_uri") {
            about if about.contains("audio") => "speech.mp3",
            about if about.contains("video") || about.contains("clip") => "talk.mp4",
            about if about.contains("srt") || about.contains("subtitle") => "talk.srt",
            about if about.contains("callback") || name == "url" => "hook",
            _ => "photo.png",
        };
        return format!("https://example.com/{file}");
    }
    let text = match name.as_str() {
        name if name.contains("language") => "German",
        name if name.contains("prompt") => "A presenter explains our launch in 30 seconds",
        "text" | "script" | "input_text" | "delta" => "Hello, and welcome.",
        "message" | "content" | "feedback" => "Make it shorter, please.",
        name if name.contains("filename") || name.contains("file_name") => "talk.mp4",
        "content_type" | "mime_type" | "media_type" => "video/mp4",
        "data" => "aGVsbG8=",
        "color" | "value" => "#ffffff",
        "title" | "name" => "Launch",
        name if name.ends_with("version") => "1.0",
        name if name.contains("checksum") || name.contains("sha256") => "CHECKSUM",
        "query" | "q" => "office",
        other => return other.to_uppercase(),
    };
    text.to_owned()
}
