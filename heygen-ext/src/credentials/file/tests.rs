//! Tests valid and invalid credentials files.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::error::ErrorKind;

fn file(content: impl AsRef<[u8]>) -> (TempDir, CredentialsFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    fs::write(&path, content).unwrap();
    (folder, CredentialsFile::at(path))
}

fn key(content: &str) -> String {
    match file(content).1.read().unwrap() {
        Some(Stored::Key(key)) => key.expose_secret().to_owned(),
        other => unreachable!("{other:?}"),
    }
}

fn tokens(content: &Value) -> Tokens {
    match file(content.to_string()).1.read().unwrap() {
        Some(Stored::OAuth(tokens)) => tokens,
        other => unreachable!("{other:?}"),
    }
}

fn fresh(expires: Option<SystemTime>) -> Tokens {
    Tokens { access: "a2".into(), refresh: Some("r2".into()), expires, client_id: Some("unused".into()) }
}

#[test]
fn keys_are_read() {
    for content in [
        "sk-1",
        "sk-1\n",
        "  sk-1\r\n\r\n",
        "\u{feff}sk-1\n",
        r#"{"api_key":"sk-1"}"#,
        r#"{"api_key":" sk-1\n","oauth":{"access_token":"t"},"other":[1]}"#,
    ] {
        assert_eq!(key(content), "sk-1", "{content:?}");
    }
}

#[test]
fn tokens_are_read() {
    let full = tokens(&json!({"api_key": "", "oauth": {"access_token": "a", "refresh_token": "r",
        "expires_at": "2026-01-01T01:00:00+01:00", "client_id": "c", "scope": "s"}}));
    assert_eq!((full.access.expose_secret(), full.client_id.as_deref()), ("a", Some("c")));
    assert_eq!(full.refresh.unwrap().expose_secret(), "r");
    assert_eq!(full.expires, Some(UNIX_EPOCH + Duration::from_secs(1_767_225_600)));
    let bare = tokens(&json!({"api_key": null, "oauth": {"access_token": "a", "refresh_token": null}}));
    assert!(bare.refresh.is_none() && bare.client_id.is_none() && bare.expires.is_none());
}

#[test]
fn times_have_several_formats() {
    let expected = Some(UNIX_EPOCH + Duration::from_secs(1_767_225_600));
    for same in
        [json!(1_767_225_600), json!("1767225600"), json!("2026-01-01T00:00:00Z"), json!(1767225600.0)]
    {
        assert_eq!(parse_time(&same), expected, "{same}");
    }
    for unknown in
        [json!(null), json!("soon"), json!("0001-01-01T00:00:00Z"), json!(-5), json!(0), json!(1e300)]
    {
        assert_eq!(parse_time(&unknown), None, "{unknown}");
    }
}

#[test]
fn a_missing_file_reads_as_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(CredentialsFile::at(folder.path().join("credentials")).read().unwrap().is_none());
    let home = Some(PathBuf::from("/home/me"));
    let found = |directory: Option<&str>| CredentialsFile::find(directory.map(str::to_owned), home.clone());
    assert_eq!(found(None).unwrap().path(), Path::new("/home/me/.heygen/credentials"));
    assert_eq!(found(Some("/etc/heygen")).unwrap().path(), Path::new("/etc/heygen/credentials"));
    assert!(CredentialsFile::find(None, None).is_none());
}

#[test]
fn errors_name_an_unusable_file_and_the_remedy_without_its_content() {
    for (content, expected) in [
        (&b""[..], "is empty"),
        (b" \n\n", "is empty"),
        (b"marked\nmarked", "neither JSON nor one line"),
        (b"marked marked", "neither JSON nor one line"),
        (b"mar\x00ked", "neither JSON nor one line"),
        (b"marked\xff", "not valid UTF-8"),
        (b"{\"api_key\": \"marked", "not valid JSON at line 1"),
        (b"{\"api_key\": \"marked\"} marked", "not valid JSON at line 1"),
        (b"[\"marked\"]", "not an object"),
        (b"\"marked\"", "not an object"),
        (b"{}", "neither `api_key` nor `oauth`"),
        (b"{\"api_key\":\" \",\"oauth\":null,\"user\":\"marked\"}", "neither `api_key` nor `oauth`"),
        (b"{\"api_key\":[\"marked\"]}", "`api_key` that is not a string"),
        (b"{\"oauth\":\"marked\"}", "`oauth` that is not a JSON object"),
        (b"{\"oauth\":{\"refresh_token\":\"marked\"}}", "no `oauth.access_token`"),
        (
            b"{\"oauth\":{\"access_token\":\"marked\",\"client_id\":1}}",
            "`oauth.client_id` that is not a string",
        ),
    ] {
        let (_folder, file) = file(content);
        let error = file.read().unwrap_err();
        let shown = format!("{error} {error:?}");
        assert_eq!(error.kind(), ErrorKind::Configuration, "{shown}");
        assert!(shown.contains(expected) && shown.contains("log in again"), "{shown}");
        assert!(shown.contains(&file.path().display().to_string()) && !shown.contains("marked"), "{shown}");
    }
    let (_folder, long) = file(vec![b'x'; 1024 * 1024 + 1]);
    assert!(long.read().unwrap_err().to_string().contains("over 1 MiB"));
}

#[test]
fn errors_name_a_path_that_is_not_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = CredentialsFile::at(folder.path()).read().unwrap_err();
    assert!(error.to_string().contains("is a directory: remove it"), "{error}");
    #[cfg(unix)]
    {
        let (_folder, inside) = file("sk");
        let error = CredentialsFile::at(inside.path().join("credentials")).read().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert!(error.to_string().contains("cannot be read"), "{error}");
    }
}

#[test]
fn a_rewrite_preserves_unknown_members() {
    let (folder, file) = file(
        json!({"oauth": {"access_token": "a", "refresh_token": "r", "expires_at": "2026-01-01T00:00:00Z",
            "scope": "openid", "later": {"deep": [1, 2.5, null]}}, "user": {"email": "e"}, "more": "ü"})
        .to_string(),
    );
    file.replace(&"a".into(), &fresh(Some(UNIX_EPOCH + Duration::from_millis(1_767_225_661_900)))).unwrap();
    let text = fs::read_to_string(file.path()).unwrap();
    assert!(text.ends_with("}\n"));
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        json!({"oauth": {"access_token": "a2", "refresh_token": "r2", "expires_at": "2026-01-01T00:01:01Z",
            "scope": "openid", "later": {"deep": [1, 2.5, null]}}, "user": {"email": "e"}, "more": "ü"})
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the folder has no other file");
    // A number stays a number. An unknown time is removed, and one that the format cannot express.
    let content =
        |expires: &Value| json!({"oauth": {"access_token": "a", "expires_at": expires}}).to_string();
    fs::write(file.path(), content(&json!(5))).unwrap();
    file.replace(&"a".into(), &fresh(Some(UNIX_EPOCH + Duration::from_secs(90)))).unwrap();
    let expires = || {
        let root: Value = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        root["oauth"].get("expires_at").cloned()
    };
    assert_eq!(expires(), Some(json!(90)));
    fs::write(file.path(), content(&json!(5))).unwrap();
    file.replace(&"a".into(), &fresh(None)).unwrap();
    assert_eq!(expires(), None);
    fs::write(file.path(), content(&json!("2026-01-01T00:00:00Z"))).unwrap();
    let year_10000 = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    file.replace(&"a".into(), &fresh(Some(year_10000))).unwrap();
    assert_eq!(expires(), None);
}

#[test]
fn a_rewrite_preserves_changes_of_other_programs() {
    for content in [
        r#"{"oauth":{"access_token":"other","refresh_token":"r"}}"#,
        r#"{"api_key":"k"}"#,
        "{ broken",
        "sk-1",
        "",
    ] {
        let (_folder, file) = file(content);
        file.replace(&"a".into(), &fresh(None)).unwrap_err();
        assert_eq!(fs::read_to_string(file.path()).unwrap(), content);
    }
    let folder = tempfile::tempdir().unwrap();
    let gone = CredentialsFile::at(folder.path().join("credentials"));
    assert!(gone.replace(&"a".into(), &fresh(None)).unwrap_err().to_string().contains("changed"));
    assert!(!gone.path().exists());
}

#[cfg(unix)]
#[test]
fn a_rewrite_is_private_and_preserves_a_symbolic_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, file) = file(r#"{"oauth":{"access_token":"a"}}"#);
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("credentials");
    symlink(file.path(), &link).unwrap();
    CredentialsFile::at(&link).replace(&"a".into(), &fresh(None)).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(fs::read_to_string(file.path()).unwrap().contains("a2"));
}
