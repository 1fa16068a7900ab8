//! Rules for glossaries, brand kits and HyperFrames projects.

use std::io::{Cursor, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Harness, INVALID, invalid, rule};

#[tokio::test]
async fn the_name_of_a_glossary_is_unique() {
    let mut harness = Harness::new().await;
    let path = "/v3/brand-glossaries";
    let base = json!({"name": " Words ", "terms": [{"term": "GIF", "pronunciation": "jif"}]});
    let allowed = [json!({"name": "No words", "terms": null})];
    let rules = vec![
        rule("the same name", json!({}), 409, "conflict", "name"),
        rule("a name in capitals", json!({"name": "HOUSE WORDS"}), 409, "conflict", "name"),
        invalid("a blank name", json!({"name": "  "}), "name"),
        invalid(
            "a blank term",
            json!({"name": "New", "terms": [{"term": " ", "pronunciation": "x"}]}),
            "terms.0.term",
        ),
        invalid(
            "a blank translation",
            json!({"name": "New", "forced_translations": [{"term": "x", "translation": " "}]}),
            "forced_translations.0.translation",
        ),
    ];
    harness.check_rules(path, &base, &allowed, rules).await;
    let made = harness.post(path, json!({"name": "Third"})).await;
    let one = format!("{path}/{}", made.text("/data/brand_glossary_id"));
    // An empty list of rules is not in the reply; an empty list of terms is.
    assert_eq!(made.body["data"].get("forced_translations"), None);
    assert_eq!(made.body["data"].get("do_not_translate_terms"), None);
    assert_eq!(made.body["data"]["terms"], json!([]));
    let patch = |name: &str| Some(json!({"name": name}));
    harness
        .expect_refusal("a taken name", Method::PATCH, &one, patch("words"), (409, "conflict", "name"))
        .await;
    harness.expect_refusal("a blank name", Method::PATCH, &one, patch(" "), (400, INVALID, "name")).await;
    assert_eq!(harness.send(Method::PATCH, &one, None, patch("THIRD").as_ref()).await.status, 200);
    let listed = json!({"do_not_translate_terms": [{"term": "Acme"}]});
    let listed = harness.send(Method::PATCH, &one, None, Some(&listed)).await;
    assert_eq!(listed.text("/data/do_not_translate_terms/0/term"), "Acme");
    let emptied = harness.send(Method::PATCH, &one, None, Some(&json!({"do_not_translate_terms": []}))).await;
    assert_eq!(emptied.body["data"].get("do_not_translate_terms"), None);
    assert_eq!(harness.send(Method::DELETE, &one, None, None).await.status, 200);
    harness
        .expect_refusal("deleted twice", Method::DELETE, &one, None, (404, "resource_not_found", ""))
        .await;
    harness.finish();
}

#[tokio::test]
async fn a_kit_can_be_changed_by_its_owner_once_it_is_complete() {
    let mut harness = Harness::new().await;
    let path = "/v3/brand-kits";
    let rules = vec![
        invalid("a URL of another scheme", json!({"url": "ftp://example.com"}), "url"),
        rule("a name without a server", json!({"url": "https://x.invalid"}), 400, "download_failed", "url"),
        invalid("a blank name", json!({"name": " "}), "name"),
    ];
    harness
        .check_rules(path, &json!({"url": "https://example.com"}), &[json!({"name": "Ours"})], rules)
        .await;
    let made = harness.post(path, json!({"url": "https://example.com"})).await;
    let kit = format!("{path}/{}", made.text("/data/brand_kit_id"));
    let shared = format!("{path}/f0000000000000000000000000000002");
    let (patch, forbidden) = (Method::PATCH, (403, "forbidden", ""));
    let name = json!({"name": "Another"});
    let logo = |id: &str| json!({"logo_roles": {"primary": id}});
    harness
        .expect_refusal("a shared kit renamed", patch.clone(), &shared, Some(name.clone()), forbidden)
        .await;
    harness.expect_refusal("a shared kit deleted", Method::DELETE, &shared, None, forbidden).await;
    let early = (409, "conflict", "");
    harness.expect_refusal("roles too early", patch.clone(), &kit, Some(logo("logo-main")), early).await;
    assert_eq!(harness.send(patch.clone(), &kit, None, Some(&name)).await.text("/data/name"), "Another");
    harness.advance(60);
    let unknown = (400, INVALID, "logo_roles.primary");
    harness.expect_refusal("an unknown logo", patch.clone(), &kit, Some(logo("x")), unknown).await;
    // A role that is not in the request is cleared. An empty object clears all roles.
    let colors =
        harness.send(patch.clone(), &kit, None, Some(&json!({"color_roles": {"accent": "#FF5733"}}))).await;
    assert_eq!(colors.body["data"]["color_roles"]["primary"], Value::Null);
    assert_eq!(colors.body["data"]["color_roles"]["accent"], "#FF5733");
    let cleared = harness.send(patch, &kit, None, Some(&json!({"logo_roles": {}}))).await;
    assert_eq!(cleared.body["data"]["logo_roles"]["primary"], Value::Null);
    assert_eq!(harness.send(Method::DELETE, &kit, None, None).await.status, 200);
    harness.finish();
}

/// A zip archive with one file.
fn project(name: &str, html: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(html.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_project_is_a_zip_with_a_composition_and_matching_variables() {
    let mut harness = Harness::new().await;
    let path = "/v3/hyperframes/renders";
    let inline = |content: &[u8]| {
        json!({"project": {"type": "base64", "media_type": "application/zip",
            "data": BASE64_STANDARD.encode(content)}})
    };
    let page = project("index.html", "<div data-composition-variables='{\"title\": \"x\"}'></div>");
    let elsewhere = project("scenes/one.html", "<div></div>");
    let broken = project("index.html", "<div data-composition-variables='{'></div>");
    let base = inline(&page);
    let chosen = super::changed(&inline(&elsewhere), &json!({"composition": "scenes/one.html"}));
    let allowed = [
        json!({"variables": {"title": "Other"}}),
        json!({"resolution": "4k", "format": "mp4"}),
        json!({"format": "webm"}),
        chosen,
    ];
    let wrong = "hyperframes_project_invalid";
    let rules = vec![
        rule("not a zip", inline(b"no zip"), 400, wrong, "project"),
        rule("a zip without index.html", inline(&elsewhere), 400, wrong, "project"),
        rule("a composition that is not there", json!({"composition": "x.html"}), 400, wrong, "project"),
        rule("an unknown variable", json!({"variables": {"subtitle": "x"}}), 400, wrong, "project"),
        rule("variables that are not JSON", inline(&broken), 400, wrong, "project"),
        invalid("4K as WebM", json!({"resolution": "4k", "format": "webm"}), "format"),
        invalid("4K as MOV", json!({"resolution": "4k", "format": "mov"}), "format"),
        invalid("another type", json!({"project": {"media_type": "text/html"}}), "project.media_type"),
        invalid("not base64", json!({"project": {"data": "%"}}), "project.data"),
    ];
    harness.check_rules(path, &base, &allowed, rules).await;

    let zip = harness.form("project.zip", &page).await.text("/data/asset_id");
    let picture = harness.upload("thumbnail.png").await;
    let by = |id: &str| json!({"project": {"type": "asset_id", "asset_id": id}});
    harness.post(path, by(&zip)).await;
    harness.expect_post_refusal("a picture", path, by(&picture), (400, INVALID, "project.asset_id")).await;
    harness
        .expect_post_refusal("an unknown asset", path, by("x"), (404, "asset_not_found", "project.asset_id"))
        .await;

    // A failed render has an end time, too.
    let failing = super::changed(&base, &json!({"title": "[sim:fail]"}));
    let render = format!("{path}/{}", harness.post(path, failing).await.text("/data/render_id"));
    harness.advance(60);
    let failed = harness.get(&render).await;
    assert_eq!(failed.text("/data/status"), "failed");
    assert!(failed.body["data"]["completed_at"].is_u64(), "{}", failed.body);
    assert_eq!(harness.send(Method::DELETE, &render, None, None).await.status, 200);
    harness
        .expect_refusal(
            "a deleted render",
            Method::GET,
            &render,
            None,
            (404, "hyperframes_render_not_found", ""),
        )
        .await;
    harness.finish();
}
