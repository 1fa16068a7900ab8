//! Runs the simulator in a separate process, so that its time and memory are not measured. The process is this program,
//! started again with `--serve`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use heygen_sim::{Clock, Sim};
use tokio::runtime::Runtime;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// The process of the simulator. It is stopped when this is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
    pub(crate) key: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// If the arguments contain `--serve`, runs the simulator until the process is killed.
pub(crate) fn serve_if_requested(runtime: &Runtime) -> Result<(), Failure> {
    if !std::env::args().any(|argument| argument == "--serve") {
        return Ok(());
    }
    runtime.block_on(async {
        let sim = Sim::builder()
            .clock(Clock::scaled(1_000.0))
            .upload_limit(4 << 30)
            .link_lifetime(Duration::from_secs(1 << 30))
            .start()
            .await?;
        println!("{} {}", sim.base_url(), sim.api_key());
        std::future::pending().await
    })
}

/// Starts the process of the simulator.
pub(crate) fn start() -> Result<Server, Failure> {
    let mut process = Command::new(std::env::current_exe()?).arg("--serve").stdout(Stdio::piped()).spawn()?;
    let output = process.stdout.take().ok_or("the simulator process has no standard output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let (url, key) = line
        .trim()
        .split_once(' ')
        .ok_or("the simulator process did not print its URL and its key; check its error output")?;
    Ok(Server { process, url: url.to_owned(), key: key.to_owned() })
}
