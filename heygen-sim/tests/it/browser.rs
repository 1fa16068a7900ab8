//! Chromium without a window, driven through the DevTools protocol.
//!
//! The browser is started with `--remote-debugging-pipe`: each command and each answer is JSON that ends with a zero byte. It
//! ends when its pipe is closed, so that it does not outlive the test, however the test ends.

use std::env;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long the browser may take for one command, and a page until a condition is met.
const LIMIT: Duration = Duration::from_secs(60);

/// Names of the program. Debian's package installs the first.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The file in the profile that receives the browser's standard error.
const LOG: &str = "heygen-sim-test.log";

/// Passes its arguments on to the program that is its first one, with the pipes where the program expects them.
const WITH_PIPES: &str = "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null";

pub(crate) struct Browser {
    process: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    sent: u64,
    /// The tab that the commands go to.
    session: Option<String>,
    /// Scripts that failed, and what the browser refused to load.
    problems: Vec<Value>,
    profile: TempDir,
}

/// Whether a test must not be skipped.
fn is_required() -> bool {
    env::var_os("HEYGEN_REQUIRE_CHROMIUM").is_some_and(|value| value == "1")
}

/// The program; `None`, with the reason on standard error, where there is not any. `HEYGEN_REQUIRE_CHROMIUM` makes that an error.
fn program() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let mut places = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = places.find(|place| place.is_file());
    if found.is_none() {
        let reason = format!("no program of these is in PATH: {}", NAMES.join(", "));
        assert!(!is_required(), "{reason}");
        // Written directly, since the output of a test that passes is not shown.
        let message = format!("the test of the page in a browser is skipped: {reason}\n");
        std::io::stderr().write_all(message.as_bytes()).unwrap();
    }
    found
}

impl Browser {
    /// Starts the browser with a new profile, and opens an empty page; `None` where no browser is installed.
    pub(crate) async fn start() -> Option<Self> {
        let program = program()?;
        let profile = TempDir::new().unwrap();
        let log = File::create(profile.path().join(LOG)).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", WITH_PIPES, "sh"]).arg(program).arg("--headless").arg("--remote-debugging-pipe");
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.args(["--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--hide-scrollbars"]);
        if rustix::process::geteuid().is_root() || is_required() {
            // The sandbox does not work for the superuser, nor in many containers. The pages are those of the simulator.
            command.arg("--no-sandbox");
        }
        command.arg("about:blank").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::from(log));
        let mut process = command.kill_on_drop(true).spawn().unwrap();
        let (commands, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let answers = BufReader::new(answers);
        let mut browser =
            Self { process, commands, answers, sent: 0, session: None, problems: Vec::new(), profile };
        let target =
            browser.send("Target.createTarget", json!({"url": "about:blank"})).await["targetId"].clone();
        let attach = json!({"targetId": target, "flatten": true});
        let session = browser.send("Target.attachToTarget", attach).await["sessionId"].clone();
        browser.session = Some(session.as_str().unwrap().to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.send(domain, json!({})).await;
        }
        Some(browser)
    }

    /// Sends a command, and returns its result.
    pub(crate) async fn send(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut command = json!({"id": self.sent, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let text = format!("{command}\0");
        self.commands.write_all(text.as_bytes()).await.unwrap();
        self.commands.flush().await.unwrap();
        let mut answer = tokio::time::timeout(LIMIT, self.answer(self.sent))
            .await
            .unwrap_or_else(|_| panic!("no answer to {command}"));
        assert_eq!(answer.get("error"), None, "{command}");
        answer["result"].take()
    }

    /// What the browser has written to its standard error.
    fn log(&self) -> String {
        std::fs::read_to_string(self.profile.path().join(LOG)).unwrap()
    }

    /// Reads until the answer to a command.
    async fn answer(&mut self, number: u64) -> Value {
        loop {
            let mut text = Vec::new();
            self.answers.read_until(0, &mut text).await.unwrap();
            assert_eq!(text.pop(), Some(0), "the browser has ended: {}", self.log());
            let message: Value = serde_json::from_slice(&text).unwrap();
            if message["id"] == number {
                return message;
            }
            let failed = match message["method"].as_str() {
                Some("Runtime.exceptionThrown") => true,
                Some("Log.entryAdded") => message["params"]["entry"]["level"] == "error",
                _ => false,
            };
            if failed {
                self.problems.push(message);
            }
        }
    }

    /// The value of an expression in the page. A promise is awaited.
    pub(crate) async fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.send("Runtime.evaluate", parameters).await;
        assert_eq!(answer.get("exceptionDetails"), None, "{expression}");
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true. It is evaluated whenever the document changes.
    pub(crate) async fn wait_until(&mut self, expression: &str) {
        self.value(&format!(
            "new Promise((resolve) => {{
                const met = () => Boolean({expression});
                if (met()) return resolve();
                const observer = new MutationObserver(() => {{
                    if (met()) {{ observer.disconnect(); resolve(); }}
                }});
                observer.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
            }})"
        ))
        .await;
    }

    /// Opens a page, and waits until it is loaded.
    pub(crate) async fn open(&mut self, url: &str) {
        self.send("Page.navigate", json!({"url": url})).await;
        self.value(
            "new Promise((resolve) => {
                if (document.readyState === 'complete') resolve();
                else addEventListener('load', () => resolve());
            })",
        )
        .await;
        assert_eq!(self.value("location.href").await, url);
    }

    /// Clicks on an element with the mouse.
    pub(crate) async fn click(&mut self, selector: &str) {
        let place = self
            .value(&format!(
                "(() => {{
                    const element = document.querySelector({selector});
                    element.scrollIntoView({{ block: 'center', inline: 'center' }});
                    const box = element.getBoundingClientRect();
                    return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }};
                }})()",
                selector = json!(selector)
            ))
            .await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({"type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1});
            self.send("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Replaces what is in a field by a text, as a person types it.
    pub(crate) async fn type_into(&mut self, selector: &str, text: &str) {
        self.click(selector).await;
        self.value("document.activeElement.select()").await;
        self.send("Input.insertText", json!({"text": text})).await;
    }

    /// A picture of the visible part of the page, as WebP.
    pub(crate) async fn picture(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let picture = self.send("Page.captureScreenshot", json!({"format": "webp", "quality": 80})).await;
        base64::prelude::BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }

    /// Ends the browser. Returns the scripts that failed, and what the browser refused to load.
    pub(crate) async fn close(self) -> Vec<Value> {
        let Self { mut process, commands, answers, problems, .. } = self;
        drop((commands, answers));
        if tokio::time::timeout(LIMIT, process.wait()).await.is_err() {
            process.kill().await.unwrap();
        }
        problems
    }
}
