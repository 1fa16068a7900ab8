//! Tests the text and the methods of each kind of error.

use super::*;
use crate::jobs::question::Question;

#[test]
fn errors_after_a_submission_may_have_executed() {
    let refused = Error::deadline(Duration::ZERO);
    for error in [
        refused,
        Error::failed(None, "m".into()),
        Error::needs_person(Question::Review { text: String::new() }),
        Error::download("d"),
    ] {
        assert!(error.may_have_executed(), "{error}");
    }
    assert!(!Error::configuration("c").may_have_executed());
    assert!(Error::configuration("c").of_job(&"video:j".parse().unwrap()).may_have_executed());
}

#[test]
fn lasting_errors_are_not_retryable() {
    let refused = |status: u16| Error::link_refused("r", StatusCode::from_u16(status).unwrap());
    for (status, retryable) in
        [(403, false), (404, false), (204, false), (501, false), (429, true), (503, true)]
    {
        assert_eq!(refused(status).is_retryable(), retryable, "{status}");
    }
    assert!(!Error::storage_refused(StatusCode::BAD_REQUEST, Some("EntityTooLarge"), None).is_retryable());
    assert!(Error::transfer("t", TransportError::no_answer("reset")).is_retryable());
}

#[test]
fn the_message_of_the_service_prints_as_one_line() {
    let error = Error::failed(Some("render_failed".into()), "No\nface".into());
    assert_eq!(error.message(), Some("No\nface"));
    assert_eq!(error.to_string(), "the job failed: render_failed: No face");
}

#[test]
fn an_error_is_small_and_can_move_between_threads() {
    fn is_shareable<T: Clone + Send + Sync + 'static>() {}
    is_shareable::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

/// The texts of an error and its causes, in one line.
fn chain(error: &Error) -> String {
    let first: &(dyn StdError + 'static) = error;
    let causes = std::iter::successors(Some(first), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Errors of every kind, with causes if the kind has causes.
fn of_every_kind() -> Vec<(ErrorKind, Error)> {
    let io = || io::Error::other(io::Error::from(io::ErrorKind::PermissionDenied));
    let lost = || TransportError::no_answer(io());
    let late = || TransportError::no_answer("no progress for 60 s").timed_out();
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    vec![
        (ErrorKind::Configuration, Error::configuration("no credentials")),
        (ErrorKind::Failed, Error::failed(Some("rendering_failed".into()), "Too long".into())),
        (ErrorKind::NeedsPerson, Error::needs_person(Question::Review { text: String::new() })),
        (ErrorKind::Deadline, Error::deadline(Duration::from_secs(7)).of_job(&"video:j".parse().unwrap())),
        (ErrorKind::Transport, Error::pages_cut(&heygen_api::operations::LIST_VIDEOS, lost())),
        (ErrorKind::Decode, Error::pages(&heygen_api::operations::LIST_VIDEOS, "the cursor came twice")),
        (ErrorKind::Download, Error::download("v.mp4: the answer ended after 3 bytes")),
        (ErrorKind::Download, Error::transfer("v.mp4: the connection broke after 3 bytes", lost())),
        (ErrorKind::Download, Error::link_refused("v.mp4: the file server answered 503", unavailable)),
        (ErrorKind::Upload, Error::upload_transfer("the file was not sent to the storage", late())),
        (ErrorKind::Upload, Error::file_rejected(Some("invalid_parameter"), "Not a picture")),
        (ErrorKind::Upload, Error::storage_refused(unavailable, Some("SlowDown"), None)),
        (ErrorKind::File, Error::file("cannot write v.mp4", io())),
        (ErrorKind::File, Error::file("the file cannot be read", io()).about_file("a.png")),
    ]
}

#[test]
fn an_error_and_its_causes_repeat_nothing() {
    for (kind, error) in of_every_kind() {
        assert_eq!(error.kind(), kind);
        for text in [chain(&error), format!("{error:?}")] {
            let clauses: Vec<&str> = text.split([':', ';', '"']).map(str::trim).collect();
            for clause in clauses.iter().filter(|clause| clause.contains(' ')) {
                assert_eq!(text.matches(clause).count(), 1, "`{clause}` in `{text}`");
            }
        }
    }
}

#[test]
fn the_text_includes_the_direct_cause_only() {
    let inner = || io::Error::other("disk failure");
    let error = Error::file("cannot write v.mp4", io::Error::other(inner()));
    assert_eq!(error.to_string(), "cannot write v.mp4: disk failure");
    assert!(error.io_error().is_some());
    let error = Error::transfer("v.mp4", TransportError::no_answer("reset"));
    assert_eq!(error.to_string(), "v.mp4: the connection was lost: reset");
    assert!(error.source().is_none());
}

/// The error of a call with this answer of the transport.
async fn call(answer: Result<http::Response<&'static str>, TransportError>) -> Error {
    let answer = std::sync::Mutex::new(Some(answer));
    let client = heygen_api::Client::new(heygen_api::transport_fn(move |_, _| {
        let answer = answer.lock().unwrap().take().unwrap();
        async { answer }
    }));
    client.get_video().video_id("v").send().await.unwrap_err().into()
}

#[tokio::test]
async fn an_error_answers_as_the_error_of_its_call() {
    let refused = |status: u16, body| Ok(http::Response::builder().status(status).body(body).unwrap());
    let code =
        |code: &str| -> &'static str { format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#).leak() };
    for (answer, kind, retryable, timeout, connect) in [
        (Err(TransportError::not_sent("x")), ErrorKind::Transport, true, false, false),
        (Err(TransportError::no_connection("x")), ErrorKind::Transport, true, false, true),
        (Err(TransportError::no_connection("x").timed_out()), ErrorKind::Timeout, true, true, true),
        (Err(TransportError::no_answer("x").timed_out()), ErrorKind::Timeout, true, true, false),
        (refused(429, code("rate_limit_exceeded")), ErrorKind::Refused, true, false, false),
        (refused(429, code("QUOTA_EXCEEDED")), ErrorKind::Refused, false, false, false),
        (refused(409, code("resource_not_ready")), ErrorKind::Refused, true, false, false),
        (refused(404, code("video_not_found")), ErrorKind::Refused, false, false, false),
        (refused(200, "<html>"), ErrorKind::Decode, false, false, false),
    ] {
        let error = call(answer).await;
        let raw = error.api_error().unwrap();
        assert_eq!((error.kind(), error.is_retryable()), (kind, retryable), "{error}");
        assert_eq!((error.is_timeout(), error.is_connect()), (timeout, connect), "{error}");
        assert_eq!(
            (raw.is_retryable(), raw.is_timeout(), raw.is_connect(), raw.code(), raw.retry_after()),
            (retryable, timeout, connect, error.code(), error.retry_after())
        );
        assert_eq!(error.to_string(), raw.to_string());
    }
    let vault = io::Error::other(io::Error::other("the disk is gone"));
    let error = call(Err(TransportError::not_sent(CredentialsError::new(vault.into(), false)))).await;
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(chain(&error), "get_video: not sent: no credentials: the disk is gone");
    let transfer = Error::upload_transfer("u", TransportError::no_answer("x").timed_out());
    assert!(transfer.is_timeout() && transfer.is_retryable() && transfer.kind() == ErrorKind::Upload);
}
