//! Tests of the program as a process, and of the examples that run against it.

use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use base64::Engine as _;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::receiver::Receiver;

const PROGRAM: &str = env!("CARGO_BIN_EXE_heygen-sim");

/// The process of the program. It is stopped when this is dropped.
struct Program {
    child: Child,
    /// The output of the program up to the point where it listens.
    greeting: String,
}

impl Program {
    fn start() -> Self {
        Self::with(&[])
    }

    /// Starts it with these environment variables.
    fn with(environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["--port", "0", "--speed", "3000"])
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            greeting = greeting + &line + "\n";
            if line.starts_with("Press Ctrl-C") {
                break;
            }
        }
        Self { child, greeting }
    }

    fn url(&self) -> &str {
        let start = self.greeting.find("http://127.0.0.1:").expect(&self.greeting);
        self.greeting[start..].split_once("/v3").unwrap().0
    }

    /// Makes the next GET of a video return `video`.
    async fn answer_once(&self, video: Value) {
        let body = json!({"data": video}).to_string();
        let effect =
            json!({"type": "answer", "status": 200, "content_type": "application/json", "body": body});
        let fault = json!({"operation": "getVideoV3", "times": 1, "effect": effect});
        let request = Client::new().post(format!("{}/__sim/faults", self.url())).body(fault.to_string());
        assert!(request.send().await.unwrap().status().is_success());
    }

    async fn requests(&self) -> Vec<Value> {
        let response = reqwest::get(format!("{}/__sim/requests", self.url())).await.unwrap();
        let log: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        log["requests"].as_array().unwrap().clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error means that it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn quickstart(url: &str, key: &str, folder: &Path) -> Output {
    Command::new("sh")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/quickstart.sh"))
        .arg("launch.mp4")
        .current_dir(folder)
        .envs([("HEYGEN_API_BASE", url), ("HEYGEN_API_KEY", key), ("POLL_SECONDS", "0.05")])
        .output()
        .unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn files(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn the_quick_start_creates_a_file_from_a_prompt() {
    let (program, folder) = (Program::start(), TempDir::new().unwrap());
    // The service sometimes reports `completed` before the link exists.
    program.answer_once(json!({"id": "v", "status": "completed", "video_url": null})).await;
    let output = quickstart(program.url(), "sk-simulated", folder.path());
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(files(&folder), ["launch.mp4"]);
    let (created, expected) =
        (std::fs::read(folder.path().join("launch.mp4")).unwrap(), include_bytes!("../../assets/video.mp4"));
    assert!(created == expected, "{} bytes instead of {}", created.len(), expected.len());

    let requests = program.requests().await;
    let faults = requests.iter().filter(|request| !request["fault"].is_null());
    assert_eq!(faults.count(), 1);
    let download = requests.iter().find(|request| request["operation"] == "files").unwrap();
    assert_eq!(download["headers"].get("x-api-key"), None, "the API key was sent to the file server");
}

#[tokio::test]
async fn the_quick_start_prints_the_reason_of_a_failure() {
    let (program, folder) = (Program::start(), TempDir::new().unwrap());
    let wrong_key = quickstart(program.url(), "wrong", folder.path());
    assert_eq!(wrong_key.status.code(), Some(1));
    assert_eq!(
        errors(&wrong_key),
        "quickstart: 401 unauthorized: the API key or access token is missing or not valid\n"
    );

    let failed = json!({"id": "v", "status": "failed", "failure_code": "x", "failure_message": "no face"});
    program.answer_once(failed).await;
    let failed = quickstart(program.url(), "sk-simulated", folder.path());
    assert_eq!(failed.status.code(), Some(1));
    assert!(errors(&failed).ends_with(" failed: x: no face\n"), "{}", errors(&failed));

    let url = program.url().to_owned();
    drop(program);
    let unreachable = quickstart(&url, "sk-simulated", folder.path());
    assert!(!unreachable.status.success());
    assert!(errors(&unreachable).starts_with("curl: (7)"), "{}", errors(&unreachable));
    assert_eq!(files(&folder), Vec::<String>::new());
}

#[test]
fn the_printed_curl_command_works() {
    let program = Program::start();
    let line =
        program.greeting.split("Try:").nth(1).and_then(|rest| rest.split("Press Ctrl-C").next()).unwrap();
    let shown = format!("{} -w ' %{{http_code}}'", line.trim());
    let output = Command::new("sh").args(["-c", &shown]).output().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    let (body, status) = answer.rsplit_once(' ').unwrap();
    assert_eq!(status, "200", "{answer}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["data"]["session_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn sigterm_stops_the_program_gracefully() {
    let mut program = Program::start();
    // An idle connection does not delay it.
    let client = Client::new();
    client.get(format!("{}/__sim/", program.url())).send().await.unwrap().bytes().await.unwrap();
    let sent = Command::new("kill").args(["-TERM", &program.child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert!(program.child.wait().unwrap().success());
}

/// Neither a request that waits nor work that takes long delays the end.
#[tokio::test]
async fn sigterm_stops_the_program_while_requests_are_in_progress() {
    let mut program = Program::start();
    let client = Client::new();
    let fault = json!({"operation": "getCurrentUserV3", "effect": {"type": "delay", "seconds": 900_000_000}});
    let set = client.post(format!("{}/__sim/faults", program.url())).body(fault.to_string());
    assert!(set.send().await.unwrap().status().is_success());
    let key = ("x-api-key", "sk-simulated");
    let waits = client.get(format!("{}/v3/users/me", program.url())).header(key.0, key.1);
    // Zeros, of which a small zip contains many.
    let zip = {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        writer.start_file("index.html", zip::write::SimpleFileOptions::default()).unwrap();
        for _ in 0..48 {
            writer.write_all(&vec![0; 1024 * 1024]).unwrap();
        }
        base64::prelude::BASE64_STANDARD.encode(writer.finish().unwrap().into_inner())
    };
    let project = json!({"type": "base64", "media_type": "application/zip", "data": zip});
    let works = client.post(format!("{}/v3/hyperframes/renders", program.url())).header(key.0, key.1);
    let works = works.header("content-type", "application/json");
    let works = works.body(json!({"project": project}).to_string());
    let in_progress = [tokio::spawn(waits.send()), tokio::spawn(works.send())];
    while program.requests().await.len() < 2 {
        tokio::task::yield_now().await;
    }
    let sent = Command::new("kill").args(["-TERM", &program.child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert!(program.child.wait().unwrap().success());
    for request in in_progress {
        // It was cut off, unless it had ended before.
        let _ = request.await.unwrap();
    }
}

/// Webhook receivers run on the same machine, so proxy settings do not apply to them.
#[tokio::test]
async fn webhooks_ignore_the_proxy_settings_of_the_system() {
    let proxy = "http://127.0.0.1:1";
    let program =
        Program::with(&[("HTTP_PROXY", proxy), ("http_proxy", proxy), ("NO_PROXY", ""), ("no_proxy", "")]);
    let receiver = Receiver::start().await;
    let request = Client::new().post(format!("{}/v3/webhooks/endpoints", program.url()));
    let request = request.header("x-api-key", "sk-simulated").header("content-type", "application/json");
    let answer = request.body(json!({"url": receiver.url}).to_string()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), receiver.probes().len()), (200, 1));
}

#[test]
fn invalid_options_are_reported() {
    let run = |arguments: &[&str]| Command::new(PROGRAM).args(arguments).output().unwrap();
    let zero_speed = run(&["--port", "0", "--speed", "0"]);
    assert!(!zero_speed.status.success());
    assert!(errors(&zero_speed).contains("pass a number above 0"), "{}", errors(&zero_speed));

    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let taken = run(&["--port", &port]);
    assert_eq!(taken.status.code(), Some(1));
    let (start, end) = (format!("cannot listen on port {port}: "), "; select another with --port\n");
    let printed = errors(&taken);
    assert!(printed.starts_with(&start) && printed.ends_with(end), "{printed}");
}
