//! HyperFrames renders: a zip of HTML becomes a video.

use std::io::Read;

use http::StatusCode;
use serde_json::{Value, json};
use zip::{CompressionMethod, ZipArchive};

use crate::answer::{Answer, data, data_with};
use crate::api_error::ApiError;
use crate::blob::{Blob, ReadSeek, Spool};
use crate::bounded_json;
use crate::bounded_json::JsonError;
use crate::call::Call;
use crate::env::Env;
use crate::jobs;
use crate::jobs::NewJob;
use crate::links::link;
use crate::media::DURATION;
use crate::model::job::{Job, Kind};
use crate::resources::inputs;
use crate::resources::paging::page;
use crate::state::State;

/// Most bytes that are read of a composition. A small zip may contain any number of them.
const HTML_LIMIT: u64 = 1024 * 1024 * 1024;

/// Longest list of declared variables, in bytes.
const DECLARATION_LIMIT: usize = 1024 * 1024;

/// Most memory that the declared variables occupy, in bytes. It is enough for ten thousand.
const DECLARATION_MEMORY: usize = 16 * 1024 * 1024;

/// The attribute in which a composition declares its variables.
const DECLARATION: &[u8] = b"data-composition-variables=";

/// Largest project, in bytes.
const PROJECT_LIMIT: u64 = 200 * 1024 * 1024;

/// The price of 4K, as a multiple of the usual price.
const FOUR_K: f64 = 1.5;

pub(super) fn view(env: &Env, job: &Job, now: u64) -> Value {
    let or = |name: &str, default: Value| {
        job.body.get(name).filter(|value| !value.is_null()).cloned().unwrap_or(default)
    };
    let format = job.text("format").unwrap_or("mp4");
    let link = |name: &str| job.schedule.has_links(now).then(|| link(env, &job.file(name)));
    let ended = job.schedule.ended(now);
    let done = ended.filter(|_| job.failure_message(now).is_none());
    json!({
        "render_id": job.id,
        "title": job.title,
        "status": job.status(now),
        "format": format,
        "fps": or("fps", json!(30)),
        "quality": or("quality", json!("standard")),
        "resolution": or("resolution", json!("1080p")),
        "aspect_ratio": or("aspect_ratio", json!("16:9")),
        "composition": job.text("composition"),
        "callback_id": job.text("callback_id"),
        "created_at": job.schedule.created_at(),
        "completed_at": ended,
        "duration": done.map(|_| DURATION),
        "video_url": link(&format!("video.{format}")),
        "thumbnail_url": link("thumbnail.png"),
        "failure_message": job.failure_message(now),
    })
}

pub(super) fn create(env: &Env, state: &mut State, call: &Call) -> Answer {
    // Variables are data of the composition, whatever their names.
    inputs::check_without(state, &call.body, call.now, Some("variables"))?;
    let four_k = call.text("resolution") == Some("4k");
    if four_k && call.text("format").is_some_and(|format| format != "mp4") {
        return Err(ApiError::invalid("format", "4k is rendered as mp4 only"));
    }
    let price = Kind::Render.spec().price * if four_k { FOUR_K } else { 1.0 };
    let order = NewJob::new(Kind::Render, &call.body);
    let id = jobs::submit(env, state, call.now, NewJob { price: Some(price), ..order })?;
    data_with(StatusCode::ACCEPTED, json!({"render_id": id}))
}

fn invalid(message: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "hyperframes_project_invalid", message).at("project")
}

/// The zip of a project that is an asset.
pub(crate) fn project_asset(state: &State, call: &Call) -> Result<Option<Blob>, ApiError> {
    let project = &call.body["project"];
    if project["type"] != "asset_id" {
        return Ok(None);
    }
    let id = project["asset_id"].as_str().unwrap_or_default();
    let asset = inputs::asset(state, "project.asset_id", id, inputs::ARCHIVE, call.now)?;
    Ok(asset.content.clone())
}

/// The zip of a project, and what the call expects in it. It is read without the state, because that may take long.
pub(crate) struct Project {
    /// `None` if the project is at a URL. Nothing is fetched from there.
    zip: Option<Blob>,
    /// Name of the file to render.
    composition: String,
    /// Names of the variables that the call sets.
    variables: Vec<String>,
}

impl Project {
    /// The project of a call: the asset, or the zip in the body.
    pub(crate) fn of(asset: Option<Blob>, call: &Call) -> Result<Self, ApiError> {
        let zip = asset.map_or_else(|| inline_project(call), |asset| Ok(Some(asset)))?;
        let variables = call.body["variables"].as_object().into_iter().flatten();
        Ok(Self {
            zip,
            composition: call.text("composition").unwrap_or("index.html").to_owned(),
            variables: variables.map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Checks the size of the zip, its composition, and the variables.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let Some(zip) = &self.zip else { return Ok(()) };
        check_size(zip.len())?;
        let reader = zip.reader().map_err(|error| invalid(format!("the project cannot be read: {error}")))?;
        let mut archive = ZipArchive::new(reader)
            .map_err(|error| invalid(format!("the project is not a zip file: {error}")))?;
        let declared = declared_variables(open(&mut archive, &self.composition)?, &self.composition)?;
        match self.variables.iter().find(|name| !declared.contains(name)) {
            None => Ok(()),
            Some(name) => Err(invalid(format!(
                "the composition declares no variable `{name}`; it has {}",
                if declared.is_empty() { "none".to_owned() } else { declared.join(", ") }
            ))),
        }
    }
}

/// The zip of a project that is in the body, as base64. Invalid base64 is refused with the other inputs.
fn inline_project(call: &Call) -> Result<Option<Blob>, ApiError> {
    let project = &call.body["project"];
    if project["type"] != "base64" {
        return Ok(None);
    }
    if project["media_type"] != "application/zip" {
        return Err(ApiError::invalid("project.media_type", "application/zip is needed"));
    }
    let Some(content) = project["data"].as_str().and_then(|data| call.inline.get(data)) else {
        return Ok(None);
    };
    let mut spool = Spool::new();
    spool.write(content)?;
    Ok(Some(spool.finish()?))
}

fn check_size(bytes: u64) -> Result<(), ApiError> {
    if bytes <= PROJECT_LIMIT {
        return Ok(());
    }
    let message = format!("a project has at most {} MB", PROJECT_LIMIT / (1024 * 1024));
    Err(ApiError::new(StatusCode::BAD_REQUEST, "hyperframes_project_too_large", message).at("project"))
}

/// Opens a file of a zip.
fn open<'a>(archive: &'a mut ZipArchive<Box<dyn ReadSeek>>, name: &str) -> Result<impl Read + 'a, ApiError> {
    let missing = || invalid(format!("the project has no {name}"));
    let index = archive.index_for_name(name).ok_or_else(missing)?;
    let method = archive.by_index_raw(index).map(|file| file.compression());
    let file = archive.by_index(index).map_err(|error| match method {
        Ok(method) if !SUPPORTED.contains(&method) => {
            let method = method_name(method);
            invalid(format!("{name} is compressed with {method}; store it, or compress it with deflate"))
        }
        _ => invalid(format!("{name} cannot be read: {error}")),
    })?;
    Ok(file.take(HTML_LIMIT))
}

/// The compression methods that are read.
const SUPPORTED: [CompressionMethod; 2] = [CompressionMethod::STORE, CompressionMethod::DEFLATE];

/// The name of a compression method, by the registry of the zip format.
fn method_name(method: CompressionMethod) -> String {
    const NAMES: [(CompressionMethod, &str); 8] = [
        (CompressionMethod::SHRINK, "shrink"),
        (CompressionMethod::IMPLODE, "implode"),
        (CompressionMethod::DEFLATE64, "deflate64"),
        (CompressionMethod::BZIP2, "bzip2"),
        (CompressionMethod::LZMA, "lzma"),
        (CompressionMethod::ZSTD, "zstd"),
        (CompressionMethod::XZ, "xz"),
        (CompressionMethod::PPMD, "ppmd"),
    ];
    let known = NAMES.iter().find(|(known, _)| *known == method);
    known.map_or_else(|| format!("the method {method:?}"), |(_, name)| (*name).to_owned())
}

/// The names in the attribute `data-composition-variables`: a JSON object, or a list of objects with an `id`. The file is read
/// in parts, so that its size does not matter.
fn declared_variables(mut html: impl Read, name: &str) -> Result<Vec<String>, ApiError> {
    let unreadable = |error| invalid(format!("{name} cannot be read: {error}"));
    let (mut window, mut chunk) = (Vec::new(), vec![0; 64 * 1024]);
    let rest = loop {
        let length = html.read(&mut chunk).map_err(unreadable)?;
        if length == 0 {
            return Ok(Vec::new());
        }
        window.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let found = window.windows(DECLARATION.len()).position(|part| part == DECLARATION);
        if let Some(found) = found {
            break window.split_off(found + DECLARATION.len());
        }
        // The attribute may begin at the end of a part.
        window.drain(..window.len().saturating_sub(DECLARATION.len()));
    };
    let mut text = rest;
    html.take(DECLARATION_LIMIT as u64).read_to_end(&mut text).map_err(unreadable)?;
    let quote = text.first().copied().filter(|quote| matches!(quote, b'"' | b'\''));
    let value = quote.and_then(|quote| text.get(1..)?.split(|byte| *byte == quote).next());
    let text = String::from_utf8_lossy(value.unwrap_or_default());
    let text = text.replace("&quot;", "\"").replace("&amp;", "&");
    let declaration = bounded_json::parse(text.as_bytes(), DECLARATION_MEMORY);
    let declaration = declaration.map_err(|error| {
        invalid(match error {
            JsonError::Invalid(_) => "data-composition-variables is not JSON".to_owned(),
            JsonError::TooLarge => format!("{name} declares too many variables; declare fewer"),
        })
    })?;
    Ok(match declaration {
        Value::Object(members) => members.into_iter().map(|(name, _)| name).collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item.get("id").and_then(Value::as_str))
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    })
}

pub(super) fn get(env: &Env, state: &State, call: &Call) -> Answer {
    let job = state.job(Kind::Render, call.id("render_id"), call.now)?;
    data(view(env, job, call.now))
}

pub(super) fn list(env: &Env, state: &State, call: &Call) -> Answer {
    page(call, state.jobs(Kind::Render), |job| (!job.deleted).then(|| view(env, job, call.now)))
}

pub(super) fn delete(_: &Env, state: &mut State, call: &Call) -> Answer {
    let id = call.id("render_id");
    jobs::hide(state, Kind::Render, id, call.now)?;
    data(json!({"render_id": id}))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    #[test]
    fn a_project_has_a_largest_size() {
        assert_eq!(check_size(PROJECT_LIMIT), Ok(()));
        let refusal = check_size(PROJECT_LIMIT + 1).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (400, "hyperframes_project_too_large"));
    }

    #[test]
    fn declared_variables_are_found() {
        let read = |html: &str| declared_variables(html.as_bytes(), "index.html");
        let of = |html: &str| read(html).unwrap();
        assert_eq!(of("<html>"), Vec::<String>::new());
        assert_eq!(of(r#"<div data-composition-variables='{"title":"x","n":1}'>"#), ["n", "title"]);
        assert_eq!(of(r#"<div data-composition-variables="[{&quot;id&quot;:&quot;a&quot;}]">"#), ["a"]);
        assert!(read("<div data-composition-variables='{'>").is_err());
        // The attribute is found at every position relative to the parts that are read.
        for before in 65_500..65_560 {
            let html = format!("{}<div data-composition-variables='[{{\"id\":\"a\"}}]'>", "x".repeat(before));
            assert_eq!(of(&html), ["a"], "{before}");
        }
    }

    fn project(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Project {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(&content).unwrap();
        }
        let mut spool = Spool::new();
        spool.write(writer.finish().unwrap().into_inner().into()).unwrap();
        let zip = Some(spool.finish().unwrap());
        Project { zip, composition: "index.html".to_owned(), variables: vec!["title".to_owned()] }
    }

    fn html(content: Vec<u8>) -> Project {
        project([("index.html".to_owned(), content)])
    }

    #[test]
    fn hostile_projects_are_refused_within_a_bound_of_memory() {
        let variables = |count: usize| {
            json!((0..count).map(|number| json!({"id": number.to_string()})).collect::<Vec<_>>()).to_string()
        };
        let declared = |value: String| [DECLARATION, b"'", value.as_bytes(), b"'>"].concat();
        let broken = "data-composition-variables is not JSON";
        for (label, project, message) in [
            ("a small zip of a large file", html(vec![0; 16 * 1024 * 1024]), "it has none"),
            ("a declaration without end", html([DECLARATION, &b"'{".repeat(4_000_000)].concat()), broken),
            ("a deep declaration", html(declared("[".repeat(500_000))), broken),
            (
                "many declared variables",
                html(declared(variables(50_000))),
                "index.html declares too many variables",
            ),
            ("ten thousand variables", html(declared(variables(10_000))), "declares no variable `title`"),
            (
                "many files",
                project((0..20_000).map(|number| (format!("{number}"), Vec::new()))),
                "the project has no index.html",
            ),
        ] {
            let mut outcome = Ok(());
            let measured = allocation_counter::measure(|| outcome = project.check());
            let refusal = outcome.unwrap_err();
            assert!(refusal.message.contains(message), "{label}: {}", refusal.message);
            assert!(measured.bytes_max < 32 * 1024 * 1024, "{label}: {} MiB", measured.bytes_max >> 20);
        }
    }
}
