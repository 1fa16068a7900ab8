//! Fails a build in the workspace when the generated code is older than the OpenAPI document. A published crate does not
//! contain the document, so nothing is checked there.

use std::path::Path;

fn main() {
    let inputs = ["../openapi/heygen.json", "../openapi/overlay.yaml"];
    let recorded = "src/generated/inputs.digest";
    println!("cargo::rerun-if-changed=build.rs");
    if !inputs.iter().all(|path| Path::new(path).exists()) || !Path::new("../xtask/Cargo.toml").exists() {
        return;
    }
    for path in inputs.iter().chain([&recorded]) {
        println!("cargo::rerun-if-changed={path}");
    }
    let present = std::fs::read_to_string(recorded).unwrap_or_default();
    // FNV-1a, as `cargo xtask generate` records it: this detects stale code, not tampering.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for path in inputs {
        for byte in std::fs::read(path).unwrap_or_default() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    if present.trim() != format!("{hash:016x}") {
        println!(
            "cargo::error=openapi/ has changed since heygen-api/src/generated was written: run `cargo xtask generate`"
        );
    }
}
