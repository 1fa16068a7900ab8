//! The table of endpoints has all of them, and each has what it should.

use std::collections::BTreeSet;

use heygen_ext::http::Method;
use heygen_ext::migrate::{self, LegacyRequest, Level, LookUps, MigrateError, MigrateOptions, Policy};

use super::document::DOCUMENT;
use super::vectors::{FAMILIES, answers_to_look_ups, read, request};

#[test]
fn the_table_has_every_endpoint_of_the_documentation_of_v1_and_v2() {
    let table: BTreeSet<String> = migrate::endpoints().map(ToString::to_string).collect();
    let documented: BTreeSet<String> = include_str!("endpoints.txt").lines().map(str::to_owned).collect();
    assert_eq!(table, documented);
    assert_eq!(migrate::endpoints().count(), table.len(), "an endpoint is listed twice");
}

#[test]
fn the_table_has_every_operation_of_v1_and_v2_that_the_document_still_lists() {
    let table: BTreeSet<String> = migrate::endpoints().map(ToString::to_string).collect();
    let mut count = 0;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        if !path.starts_with("/v1/") && !path.starts_with("/v2/") {
            continue;
        }
        for method in item.as_object().unwrap().keys().filter(|key| key.parse::<Method>().is_ok()) {
            let name = format!("{} {path}", method.to_uppercase());
            if ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().any(|known| name.starts_with(known)) {
                assert!(table.contains(&name), "{name}");
                count += 1;
            }
        }
    }
    assert_eq!(count, 15);
}

#[test]
fn every_counterpart_exists_in_the_document() {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    for endpoint in migrate::endpoints() {
        let words: Vec<&str> = endpoint.counterpart().split([' ', ',', ';', '`', '?']).collect();
        let named: Vec<(&str, &str)> = words
            .windows(2)
            .filter(|pair| pair[1].starts_with("/v3/"))
            .map(|pair| (pair[0], pair[1]))
            .collect();
        assert!(!named.is_empty() || endpoint.level() == Level::NoCounterpart, "{endpoint}");
        for (method, path) in named {
            let item = paths.get(path).unwrap_or_else(|| panic!("{endpoint}: {path}"));
            assert!(item.get(method.to_lowercase()).is_some(), "{endpoint}: {method} {path}");
        }
    }
}

#[test]
fn every_endpoint_has_vectors() {
    let tested: BTreeSet<String> = FAMILIES
        .iter()
        .flat_map(|family| read(family))
        .map(|vector| request(&vector).endpoint().to_string())
        .collect();
    for endpoint in migrate::endpoints() {
        assert!(tested.contains(&endpoint.to_string()), "{endpoint} has no vector");
    }
}

/// A plan without a cost is free of charge.
#[test]
fn every_plan_that_makes_something_has_a_cost() {
    let paid = [
        "/v3/avatars",
        "/v3/templates/{template_id}",
        "/v3/video-agents",
        "/v3/video-translations",
        "/v3/video-translations/proofreads",
        "/v3/video-translations/proofreads/{proofread_id}/generate",
        "/v3/videos",
        "/v3/voices/speech",
    ];
    let mut found = BTreeSet::new();
    for vector in FAMILIES.iter().flat_map(|family| read(family)) {
        let options = MigrateOptions::new().policy(Policy::Lenient);
        let Ok(plan) = request(&vector).plan(&answers_to_look_ups(&vector), &options) else { continue };
        let made = plan.requests().iter().map(|request| request.operation());
        let made =
            made.filter(|operation| *operation.method() == Method::POST).map(|operation| operation.path());
        for path in made.filter(|path| paid.contains(path)) {
            found.insert(path);
            assert!(!plan.costs().is_empty(), "{}: {plan}", vector["name"]);
        }
    }
    assert_eq!(found.len(), paid.len(), "{found:?}");
}

#[test]
fn an_endpoint_has_a_plan_or_names_the_alternative() {
    for endpoint in migrate::endpoints() {
        let path = endpoint.path().replace(['{', '}'], "");
        let request = LegacyRequest::new(endpoint.method(), &path).unwrap();
        assert_eq!(request.endpoint().to_string(), endpoint.to_string());
        match request.plan(&LookUps::new(), &MigrateOptions::new()) {
            Err(MigrateError::NoCounterpart(error)) => {
                assert_eq!(endpoint.level(), Level::NoCounterpart, "{endpoint}");
                assert!(error.alternative().len() > 10 && error.to_string().contains(error.alternative()));
            }
            Ok(_) | Err(MigrateError::Refused(_)) => assert_ne!(endpoint.level(), Level::NoCounterpart),
            Err(error) => panic!("{endpoint}: {error}"),
        }
    }
}

#[test]
fn a_path_that_neither_version_had_is_named_with_what_is_similar() {
    let error = |method: Method, path: &str| {
        let error = LegacyRequest::new(&method, path).unwrap_err();
        (error.status().as_u16(), error.to_string())
    };
    for (method, path, status, text) in [
        (Method::GET, "/v2/video/generate", 405, "/v2/video/generate does not take GET; use POST"),
        (Method::PUT, "/v2/videos/v1", 405, "/v2/videos/v1 does not take PUT; use GET or DELETE"),
        (
            Method::GET,
            "/v3/videos",
            404,
            "/v3/videos is a path of v3 already; send it to the service directly",
        ),
        (
            Method::GET,
            "/v2/templates/x/y",
            404,
            "neither v1 nor v2 has GET /v2/templates/x/y; similar paths: /v2/templates",
        ),
        (Method::GET, "/", 404, "neither v1 nor v2 has GET /"),
        (Method::GET, "/v1/", 404, "neither v1 nor v2 has GET /v1/"),
    ] {
        assert_eq!(error(method, path), (status, text.to_owned()));
    }
    let hosts = ["https://upload.heygen.com/v1/asset", "https://api.heygen.com/v1/asset?x=1", "/v1/asset/"];
    for target in hosts {
        assert!(LegacyRequest::new(&Method::POST, target).unwrap().endpoint().is_upload(), "{target}");
    }
}
