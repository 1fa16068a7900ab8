//! Reports what would happen to the requests of v1 and v2 in files: HAR files, `curl` commands, recorded JSON, and the
//! source of programs in any language. Nothing is sent.
//!
//! ```sh
//! cargo run --example inspect --features migrate -- [--json] [--lenient] FILE…
//! ```

use std::process::ExitCode;

use heygen_ext::migrate::{MigrateOptions, Policy, inspect};
use serde_json::Value;

fn main() -> ExitCode {
    let mut options = MigrateOptions::new();
    let (mut json, mut files) = (false, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => json = true,
            "--lenient" => options = options.policy(Policy::Lenient),
            _ => files.push(argument),
        }
    }
    if files.is_empty() {
        eprintln!("usage: inspect [--json] [--lenient] FILE…");
        return ExitCode::from(2);
    }
    let (mut all, mut is_clean) = (Vec::new(), true);
    for file in files {
        let text = match std::fs::read(&file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::from(2);
            }
        };
        let report = inspect::inspect(&file, &text, &options);
        is_clean &= report.is_clean();
        match report.to_json() {
            Value::Array(entries) if json => all.extend(entries),
            _ => println!("{report}\n"),
        }
    }
    if json {
        println!("{:#}", Value::from(all));
    }
    // The exit code says whether every request can go on, so that a script can check a program.
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
