//! Programs that must not compile: they depend on details that a later version may change.

// The programs are compiled in a folder of their own, with all dependencies of this crate: minutes with the client, seconds
// without. `.ci/run` tests this crate without it.
#[cfg(not(feature = "client"))]
#[test]
fn literals_of_generated_types_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}

mod stale {
    //! The build script: a build in the workspace fails when the document is newer than the generated code.

    use std::fs;
    use std::path::Path;
    use std::process::Command;

    /// Compiles the build script, runs it in a workspace that contains `document`, and returns its output.
    fn run(document: &str, workspace: bool) -> String {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root =
            std::env::temp_dir().join(format!("heygen-stale-{}-{}", std::process::id(), document.len()));
        let crate_folder = root.join("heygen-api");
        fs::create_dir_all(crate_folder.join("src/generated")).unwrap();
        fs::copy(here.join("src/generated/inputs.digest"), crate_folder.join("src/generated/inputs.digest"))
            .unwrap();
        if workspace {
            fs::create_dir_all(root.join("openapi")).unwrap();
            fs::create_dir_all(root.join("xtask")).unwrap();
            fs::write(root.join("openapi/heygen.json"), document).unwrap();
            fs::copy(here.join("../openapi/overlay.yaml"), root.join("openapi/overlay.yaml")).unwrap();
            fs::write(root.join("xtask/Cargo.toml"), "").unwrap();
        }
        let binary = root.join("script");
        let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let built = Command::new(compiler)
            .args(["--edition", "2024", "-o"])
            .arg(&binary)
            .arg(here.join("build.rs"))
            .status();
        assert!(built.unwrap().success());
        let output = Command::new(&binary).current_dir(&crate_folder).output().unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_changed_document_fails_the_build_and_names_the_command() {
        let document =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/heygen.json")).unwrap();
        assert!(!run(&document, true).contains("cargo::error"));
        let output = run(&document.replacen("thumbnail_url", "thumb_url", 1), true);
        assert!(
            output.contains("cargo::error=openapi/ has changed") && output.contains("`cargo xtask generate`"),
            "{output}"
        );
        assert!(!run("", false).contains("cargo::error"), "a published crate has no document beside it");
    }
}
