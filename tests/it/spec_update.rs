//! `cargo xtask spec update`: all files change together or none, and what the provider renames keeps its Rust name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::generate::{self, Paths, workspace_root};
use xtask::update::{self, Options, Update};

/// A copy of the parts of the workspace that an update reads and writes.
struct Workspace(TempDir, Vec<String>);

impl Workspace {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["openapi", "heygen-api/src", "tests/src", "tests/it/snapshots"] {
            copy(&workspace_root().join(part), &folder.path().join(part));
        }
        let simulated = "heygen-sim/openapi.json";
        fs::create_dir(folder.path().join("heygen-sim")).unwrap();
        fs::copy(workspace_root().join(simulated), folder.path().join(simulated)).unwrap();
        Self(folder, Vec::new())
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// Prepares an update to the document after an edit. The error is the text that the command prints.
    fn prepare(&self, accept: bool, edit: impl FnOnce(&mut Value)) -> Result<Option<Update>, String> {
        let mut document: Value = serde_json::from_str(&self.read("openapi/heygen.json")).unwrap();
        edit(&mut document);
        let from = self.root().join("new.json");
        fs::write(&from, document.to_string()).unwrap();
        let from = Some(from.to_str().unwrap().to_owned());
        let options = Options { from, accept, skip: self.1.clone(), today: "2027-01-02".into() };
        let update = update::prepare(self.root(), &options);
        fs::remove_file(self.root().join("new.json")).unwrap();
        update.map_err(|error| format!("{error:#}"))
    }

    /// The text of an error of an update that cannot be written.
    fn refusal(&self, edit: impl FnOnce(&mut Value)) -> String {
        self.prepare(false, edit).unwrap_err()
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![self.root().to_path_buf()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(
                        path.strip_prefix(self.root()).unwrap().to_path_buf(),
                        fs::read(&path).unwrap(),
                    );
                }
            }
        }
        files
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn schema<'a>(document: &'a mut Value, name: &str) -> &'a mut Value {
    &mut document["components"]["schemas"][name]
}

#[test]
fn an_update_writes_everything_that_is_derived() {
    let workspace = Workspace::new();
    assert!(workspace.prepare(false, |_| {}).unwrap().is_none());
    let update = workspace.prepare(false, |document| {
        schema(document, "VideoDetail")["properties"]["loudness"] =
            json!({"type": "number", "description": "Loudness of the sound."});
    });
    let update = update.unwrap().unwrap();
    assert_eq!(update.surface.removed, [""; 0]);
    assert!(update.summary().contains("+ types::VideoDetail.loudness: Option<f64>"), "{}", update.summary());
    assert!(update.summary().contains("Next version: 0.1.1"), "{}", update.summary());
    update.write().unwrap();

    // Nothing is left to do.
    let root = workspace.root();
    let outputs = generate::outputs(root, &Paths::of_workspace(root)).unwrap();
    assert_eq!(xtask::files::difference(&outputs).unwrap(), "");
    assert!(workspace.prepare(false, |_| {}).unwrap().is_none());
    let api = xtask::surface::of_crate(&root.join("heygen-api/src")).unwrap();
    assert!(workspace.read("tests/it/snapshots/surface_of_heygen_api.snap").contains(api.trim_end()));
    assert!(workspace.read("openapi/SOURCE.toml").contains("updated = \"2027-01-02\""));
    let changes = workspace.read("openapi/CHANGES.md");
    let (newest, older) = changes.split_once("\n## 2026-").unwrap();
    assert!(newest.contains("## 2027-01-02") && newest.contains("`loudness` was added"), "{newest}");
    assert!(older.contains("\n## 2026-09-07"));
}

#[test]
fn all_findings_come_at_once_with_published_places_and_nothing_changes() {
    let workspace = Workspace::new();
    let before = workspace.files();
    let error = workspace.refusal(|document| {
        // Nothing requires the tag of a union's member any more, a schema has an unknown keyword, and the target of an
        // action is gone.
        schema(document, "AssetUrl")["required"] = json!(["url"]);
        schema(document, "VoiceDetailV3")["propertyNames"] = json!({"pattern": "^a"});
        schema(document, "CreateVideoTranslationRequest")["if"] = json!({"required": ["title"]});
        document["components"]["schemas"].as_object_mut().unwrap().remove("AssetSearchItem");
        let search = document["paths"].as_object_mut().unwrap();
        search.retain(|path, _| !path.starts_with("/v3/assets/search"));
    });
    for part in [
        "no file was changed",
        "error[union-tag-optional]",
        "AssetUrl",
        "error[schema-keyword] at #/components/schemas/CreateVideoTranslationRequest\n  the keyword `if`",
        "error[schema-keyword] at #/components/schemas/VoiceDetailV3",
        "error[overlay-no-match]",
        "drop the action",
    ] {
        assert!(error.contains(part), "{part} is missing in\n{error}");
    }
    assert_eq!(workspace.files(), before);
}

#[test]
fn another_api_or_an_incomplete_document_is_refused() {
    let workspace = Workspace::new();
    let error = workspace.refusal(|document| {
        let paths = document["paths"].as_object_mut().unwrap();
        paths.retain(|path, _| path.starts_with("/v1") || path.starts_with("/v2"));
    });
    assert!(error.contains("describes another API") && error.contains("check the address"), "{error}");
    let error = workspace.refusal(|document| *document = json!({"paths": {}}));
    assert!(error.contains("no member `openapi`"), "{error}");
}

#[test]
fn what_the_provider_renames_keeps_its_rust_name() {
    let workspace = Workspace::new();
    let update = workspace.prepare(false, |document| {
        let text = document.to_string().replace("/schemas/VoiceDetailV3\"", "/schemas/VoiceProfile\"");
        *document = serde_json::from_str(&text).unwrap();
        let all = document["components"]["schemas"].as_object_mut().unwrap();
        let schema = all.remove("VoiceDetailV3").unwrap();
        all.insert("VoiceProfile".into(), schema);
        document["paths"]["/v3/users/me"]["get"]["operationId"] = json!("readUser");
    });
    let update = update.unwrap().unwrap();
    assert!(update.surface.is_empty(), "{}", update.surface.text());
    for remark in [
        "The schema `VoiceDetailV3` is now `VoiceProfile`; its Rust name is still `VoiceDetail`",
        "The operation `getCurrentUserV3` is now `readUser`; its Rust name is still `get_current_user`",
    ] {
        assert!(update.remarks.iter().any(|one| one == remark), "{:?}", update.remarks);
    }
    update.write().unwrap();
    assert!(workspace.read("openapi/names.lock").contains("VoiceProfile = \"VoiceDetail\""));
}

#[test]
fn an_unrelated_enumeration_does_not_rename_a_type() {
    let workspace = Workspace::new();
    let names = |workspace: &Workspace| workspace.read("openapi/names.lock");
    let before = names(&workspace);
    let update = workspace.prepare(false, |document| {
        // Equal to the status of a podcast, at a place with a shorter name.
        let status = schema(document, "PodcastDetail")["properties"]["status"].clone();
        document["components"]["schemas"]["Job"] =
            json!({"type": "object", "description": "A job.", "properties": {"s": status}});
        schema(document, "VideoDetail")["properties"]["job"] = json!({"$ref": "#/components/schemas/Job"});
    });
    update.unwrap().unwrap().write().unwrap();
    let after = names(&workspace);
    let lost: Vec<&str> = before.lines().filter(|line| !after.contains(line)).collect();
    assert_eq!(lost, [""; 0]);
}

#[test]
fn superfluous_actions_are_named_and_dropped_if_accepted() {
    let workspace = Workspace::new();
    let catch_up = |document: &mut Value| {
        schema(document, "AssetSearchItem")["description"] = json!("One result of an asset search.");
    };
    let error = workspace.refusal(catch_up);
    assert!(error.contains("error[overlay-superfluous]") && error.contains("AssetSearchItem"), "{error}");
    let update = workspace.prepare(true, catch_up).unwrap().unwrap();
    assert!(
        update.remarks.iter().any(|one| one.starts_with("Dropped overlay action")),
        "{:?}",
        update.remarks
    );
    update.write().unwrap();
    assert!(!workspace.read("openapi/overlay.yaml").contains("AssetSearchItem\n"));
    let root = workspace.root();
    generate::load(&Paths::of_workspace(root)).unwrap();
}

/// Some of the edits, from different kinds. An accepted edit gives code that parses, because the emitters parse it.
#[test]
fn an_edit_is_brought_in_or_refused_with_place_and_remedy() {
    let workspace = Workspace::new();
    let mut refused = 0;
    for edit in super::spec_diff::edits().into_iter().step_by(10) {
        match workspace.prepare(true, |document| *document = super::spec_diff::edited(&edit.steps)) {
            Ok(update) => assert!(!update.unwrap().changes.is_empty(), "{}", edit.edit),
            Err(error) => {
                refused += 1;
                assert!(error.contains("error[") && error.contains("remedy: "), "{}: {error}", edit.edit);
            }
        }
    }
    assert!(refused < 5, "{refused}");
}

#[test]
fn a_skipped_operation_is_left_out_by_an_action_and_the_log_says_so() {
    let mut workspace = Workspace::new();
    workspace.1.push("GET /v3/brand-kits".to_owned());
    let update = workspace.prepare(false, |document| document["info"]["version"] = json!("9.9.9"));
    let update = update.unwrap().unwrap();
    assert!(
        update
            .summary()
            .contains("Left out of the client, by an action in the overlay: `GET /v3/brand-kits`")
    );
    update.write().unwrap();
    assert!(workspace.read("openapi/overlay.yaml").ends_with(
        "  - target: $.paths['/v3/brand-kits'].get\n    description: Left out of the client by `--skip`. Drop this \
         action to have the operation back.\n    remove: true\n"
    ));
    assert!(workspace.read("openapi/CHANGES.md").contains("- Left out of the client"));
    assert!(
        !workspace.read("heygen-api/src/generated/resources/brand/calls.rs").contains("fn list_brand_kits")
    );
}

#[test]
fn a_type_that_is_renamed_in_the_overlay_keeps_its_old_name_as_an_alias() {
    let workspace = Workspace::new();
    let overlay = workspace.read("openapi/overlay.yaml");
    let renaming = "  - target: $.components.schemas.CreateBrandKitRequest\n    description: A shorter name.\n    \
                    update:\n      x-rust-name: CreateBrandKitBody\n";
    fs::write(workspace.root().join("openapi/overlay.yaml"), format!("{overlay}{renaming}")).unwrap();
    let paths = Paths::of_workspace(workspace.root());
    let prepared = generate::load(&paths).map_err(|error| format!("{error:#}"));
    // The body of a request is named after its operation, so another type shows it.
    assert!(prepared.unwrap_err().contains("body-name"));
    let renaming =
        renaming.replace("CreateBrandKitRequest", "BrandKitItem").replace("CreateBrandKitBody", "BrandKit");
    fs::write(workspace.root().join("openapi/overlay.yaml"), format!("{overlay}{renaming}")).unwrap();
    for _ in 0..2 {
        // The second run reads the names that the first one wrote.
        xtask::files::write(&generate::outputs(workspace.root(), &paths).unwrap()).unwrap();
        let types = workspace.read("heygen-api/src/generated/types.rs");
        assert!(
            types.contains(
                "#[deprecated(note = \"renamed to `BrandKit`\")]\npub type BrandKitItem = BrandKit;"
            ),
            "{types}"
        );
    }
    assert!(
        workspace.read("openapi/names.lock").contains("[aliases.BrandKitItem]\nnow = \"BrandKit\"\nsince = ")
    );
}
