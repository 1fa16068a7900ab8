//! The credentials file that HeyGen's own tools keep: `~/.heygen/credentials`.
//!
//! Other programs read and write it too, so everything in it that is not ours stays as it is.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::tokens::Tokens;
use crate::error::Error;

/// Where it is, in the home directory.
const DIRECTORY: &str = ".heygen";
const NAME: &str = "credentials";

/// Most bytes that such a file can sensibly have.
const LONGEST: u64 = 1024 * 1024;

/// What to do about a file that cannot be used.
const REMEDY: &str =
    "remove it and log in again with `heygen auth login`, or make it a file whose one line is an API key";

/// A place where the file may be.
#[derive(Debug, Clone)]
pub(crate) struct CredentialsFile {
    path: PathBuf,
}

/// What the file holds.
#[derive(Debug)]
pub(crate) enum Stored {
    Key(SecretString),
    OAuth(Tokens),
}

impl CredentialsFile {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file in that directory, or else in the home directory's own.
    pub(crate) fn find(directory: Option<String>, home: Option<PathBuf>) -> Option<Self> {
        let directory = directory.map(PathBuf::from).or_else(|| home.map(|home| home.join(DIRECTORY)))?;
        Some(Self::at(directory.join(NAME)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it; `None` if the file does not exist.
    pub(crate) fn read(&self) -> Result<Option<Stored>, Error> {
        let Some(text) = self.text()? else { return Ok(None) };
        let text = text.trim();
        if text.is_empty() {
            return Err(self.problem("is empty"));
        }
        if !text.starts_with(['{', '[', '"']) {
            if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
                return Err(self.problem("is neither JSON nor one line with an API key"));
            }
            return Ok(Some(Stored::Key(text.into())));
        }
        let root = self.parse(text)?;
        if let Some(key) = self.member(&root, "api_key", "api_key")? {
            return Ok(Some(Stored::Key(key.into())));
        }
        match root.get("oauth") {
            None | Some(Value::Null) => Err(self.problem("has neither `api_key` nor `oauth`")),
            Some(Value::Object(oauth)) => self.tokens(oauth).map(|tokens| Some(Stored::OAuth(tokens))),
            Some(_) => Err(self.problem("has an `oauth` that is not a JSON object")),
        }
    }

    /// Writes tokens in place of those with this access token. Everything else stays, and a reader sees either the old
    /// file or the new one.
    pub(crate) fn replace(&self, access: &SecretString, tokens: &Tokens) -> Result<(), Error> {
        let text = self.text()?.ok_or_else(|| self.changed())?;
        let mut root = self.parse(text.trim())?;
        let oauth = root.get_mut("oauth").and_then(Value::as_object_mut).ok_or_else(|| self.changed())?;
        // Somebody has logged in or out meanwhile: theirs counts.
        if oauth.get("access_token").and_then(Value::as_str).map(str::trim) != Some(access.expose_secret()) {
            return Err(self.changed());
        }
        oauth.insert("access_token".to_owned(), tokens.access.expose_secret().into());
        if let Some(refresh) = &tokens.refresh {
            oauth.insert("refresh_token".to_owned(), refresh.expose_secret().into());
        }
        let as_number = oauth.get("expires_at").is_some_and(Value::is_number);
        match tokens.expires.and_then(|expires| written(expires, as_number)) {
            Some(expires) => _ = oauth.insert("expires_at".to_owned(), expires),
            // The time of the old token says nothing about the new one.
            None => _ = oauth.remove("expires_at"),
        }
        self.write(&Value::Object(root)).map_err(|error| {
            Error::file(format!("the credentials file `{}` cannot be written", self.path.display()), error)
        })
    }

    fn write(&self, root: &Value) -> io::Result<()> {
        // A link stays one: what it leads to is replaced.
        let path = fs::canonicalize(&self.path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        // Such a file is its owner's alone from the start.
        let mut file = tempfile::Builder::new().prefix(".credentials-").tempfile_in(folder)?;
        serde_json::to_writer_pretty(&mut file, root)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|problem| problem.error)?;
        // The file is in place; not every system can make sure of its folder.
        #[cfg(unix)]
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn text(&self) -> Result<Option<String>, Error> {
        let unreadable = |error| {
            let path = self.path.display();
            Error::file(format!("the credentials file `{path}` cannot be read: check its permissions"), error)
        };
        let about = match fs::metadata(&self.path) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        if !about.is_file() {
            let what = if about.is_dir() { "is a directory" } else { "is not a regular file" };
            return Err(self.problem(what));
        }
        let mut bytes = Vec::new();
        let file = File::open(&self.path).map_err(unreadable)?;
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > LONGEST {
            return Err(self.problem("is over 1 MiB long"));
        }
        let text = String::from_utf8(bytes).map_err(|_| self.problem("is not valid UTF-8"))?;
        // Some editors on Windows put a mark before the text.
        Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
    }

    fn parse(&self, text: &str) -> Result<Map<String, Value>, Error> {
        match serde_json::from_str(text) {
            Ok(Value::Object(root)) => Ok(root),
            Ok(_) => Err(self.problem("is JSON, but no object")),
            // Only the place: the parser's words may quote the file.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                Err(self.problem(&format!("is not valid JSON at line {line}, column {column}")))
            }
        }
    }

    fn tokens(&self, oauth: &Map<String, Value>) -> Result<Tokens, Error> {
        let member = |name: &str| self.member(oauth, name, &format!("oauth.{name}"));
        let access = member("access_token")?.ok_or_else(|| self.problem("has no `oauth.access_token`"))?;
        Ok(Tokens {
            access: access.into(),
            refresh: member("refresh_token")?.map(SecretString::from),
            expires: oauth.get("expires_at").and_then(time),
            client_id: member("client_id")?.map(str::to_owned),
        })
    }

    /// A text of the file; one that is blank counts as none.
    fn member<'a>(
        &self,
        object: &'a Map<String, Value>,
        name: &str,
        shown: &str,
    ) -> Result<Option<&'a str>, Error> {
        match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.problem(&format!("has a `{shown}` that is not a text"))),
        }
    }

    fn problem(&self, what: &str) -> Error {
        Error::configuration(format!("the credentials file `{}` {what}: {REMEDY}", self.path.display()))
    }

    fn changed(&self) -> Error {
        let path = self.path.display();
        Error::configuration(format!(
            "the credentials file `{path}` has been changed by another program meanwhile, and is left as it is"
        ))
    }
}

/// A time as a number of seconds since 1970, or as a date and time by RFC 3339. HeyGen's own tools write the latter; a
/// time that cannot be read, or before 1970 as their empty one, is unknown.
fn time(value: &Value) -> Option<SystemTime> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.trim().parse::<jiff::Timestamp>() {
            Ok(time) => time.as_second() as f64,
            Err(_) => text.trim().parse().ok()?,
        },
        _ => return None,
    };
    let since = Duration::try_from_secs_f64(seconds).ok().filter(|since| !since.is_zero())?;
    UNIX_EPOCH.checked_add(since)
}

/// A time in the form that the file had.
fn written(time: SystemTime, as_number: bool) -> Option<Value> {
    let seconds = i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
    if as_number {
        return Some(seconds.into());
    }
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string().into())
}

#[cfg(test)]
mod tests;
