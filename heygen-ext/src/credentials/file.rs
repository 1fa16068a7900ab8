//! The credentials file of HeyGen's own tools: `~/.heygen/credentials`.
//!
//! Other programs read and write it too, so unknown members of the file are preserved.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::tokens::Tokens;
use crate::error::Error;

/// The path of the file in the home directory.
const DIRECTORY: &str = ".heygen";
const NAME: &str = "credentials";

/// The maximum size of the file, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

/// What to do if the file cannot be used.
const REMEDY: &str = "remove it and log in again with `heygen auth login`, or replace it with a file that contains only an API key";

/// The path of a credentials file, which may not exist.
#[derive(Debug, Clone)]
pub(crate) struct CredentialsFile {
    path: PathBuf,
}

/// The credentials in the file.
#[derive(Debug)]
pub(crate) enum Stored {
    Key(SecretString),
    OAuth(Tokens),
}

impl CredentialsFile {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file in `directory`, or else in `.heygen` in the home directory.
    pub(crate) fn find(directory: Option<String>, home: Option<PathBuf>) -> Option<Self> {
        let directory = directory.map(PathBuf::from).or_else(|| home.map(|home| home.join(DIRECTORY)))?;
        Some(Self::at(directory.join(NAME)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file. Returns `None` if it does not exist.
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

    /// Replaces the tokens in the file, if they have this access token. The other members are preserved. The file is replaced
    /// atomically.
    pub(crate) fn replace(&self, access: &SecretString, tokens: &Tokens) -> Result<(), Error> {
        let text = self.text()?.ok_or_else(|| self.changed())?;
        let mut root = self.parse(text.trim())?;
        let oauth = root.get_mut("oauth").and_then(Value::as_object_mut).ok_or_else(|| self.changed())?;
        // If another program has logged in or out meanwhile, its change has precedence.
        if oauth.get("access_token").and_then(Value::as_str).map(str::trim) != Some(access.expose_secret()) {
            return Err(self.changed());
        }
        oauth.insert("access_token".to_owned(), tokens.access.expose_secret().into());
        if let Some(refresh) = &tokens.refresh {
            oauth.insert("refresh_token".to_owned(), refresh.expose_secret().into());
        }
        let as_number = oauth.get("expires_at").is_some_and(Value::is_number);
        match tokens.expires.and_then(|expires| format_time(expires, as_number)) {
            Some(expires) => _ = oauth.insert("expires_at".to_owned(), expires),
            // The expiry time of the old token does not apply to the new one.
            None => _ = oauth.remove("expires_at"),
        }
        self.write(&Value::Object(root)).map_err(|error| {
            Error::file(format!("the credentials file `{}` cannot be written", self.path.display()), error)
        })
    }

    fn write(&self, root: &Value) -> io::Result<()> {
        // Replaces the target of a symbolic link, not the link.
        let path = fs::canonicalize(&self.path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        // A temporary file is readable only by its owner from the start.
        let mut file = tempfile::Builder::new().prefix(".credentials-").tempfile_in(folder)?;
        serde_json::to_writer_pretty(&mut file, root)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|problem| problem.error)?;
        // The file is complete, and not every system can sync a folder, so failures are ignored.
        #[cfg(unix)]
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn text(&self) -> Result<Option<String>, Error> {
        let unreadable = |error| {
            let path = self.path.display();
            Error::file(format!("the credentials file `{path}` cannot be read: check its permissions"), error)
        };
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        if !metadata.is_file() {
            let what = if metadata.is_dir() { "is a directory" } else { "is not a regular file" };
            return Err(self.problem(what));
        }
        let mut bytes = Vec::new();
        let file = File::open(&self.path).map_err(unreadable)?;
        file.take(MAX_SIZE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_SIZE {
            return Err(self.problem("is over 1 MiB long"));
        }
        let text = String::from_utf8(bytes).map_err(|_| self.problem("is not valid UTF-8"))?;
        // Some editors on Windows write a byte order mark.
        Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
    }

    fn parse(&self, text: &str) -> Result<Map<String, Value>, Error> {
        match serde_json::from_str(text) {
            Ok(Value::Object(root)) => Ok(root),
            Ok(_) => Err(self.problem("is JSON, but not an object")),
            // Shows only the position, because the message of the parser may quote the file.
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
            expires: oauth.get("expires_at").and_then(parse_time),
            client_id: member("client_id")?.map(str::to_owned),
        })
    }

    /// Returns a string member. A blank string counts as missing.
    fn member<'a>(
        &self,
        object: &'a Map<String, Value>,
        name: &str,
        shown: &str,
    ) -> Result<Option<&'a str>, Error> {
        match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.problem(&format!("has a `{shown}` that is not a string"))),
        }
    }

    fn problem(&self, what: &str) -> Error {
        Error::configuration(format!("the credentials file `{}` {what}: {REMEDY}", self.path.display()))
    }

    fn changed(&self) -> Error {
        let path = self.path.display();
        Error::configuration(format!(
            "the credentials file `{path}` was changed by another program meanwhile, so the new tokens were not written"
        ))
    }
}

/// Parses a time: seconds since 1970, or a date and time in the format of RFC 3339, which HeyGen's own tools write. Returns
/// `None` for an invalid time, and for one before 1970, such as the zero value of these tools.
fn parse_time(value: &Value) -> Option<SystemTime> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match heygen_api::parse_timestamp(text.trim()) {
            Some(time) => time.duration_since(UNIX_EPOCH).ok()?.as_secs() as f64,
            None => text.trim().parse().ok()?,
        },
        _ => return None,
    };
    let since = Duration::try_from_secs_f64(seconds).ok().filter(|since| !since.is_zero())?;
    UNIX_EPOCH.checked_add(since)
}

/// Formats a time as in the existing file.
fn format_time(time: SystemTime, as_number: bool) -> Option<Value> {
    let seconds = i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
    if as_number {
        return Some(seconds.into());
    }
    // A time after the year 9999 has no such format.
    let mut text = String::new();
    write!(text, "{}", humantime::format_rfc3339_seconds(time)).ok()?;
    Some(text.into())
}

#[cfg(test)]
mod tests;
