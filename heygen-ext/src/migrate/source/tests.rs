//! Tests of how a request is read.

use serde_json::json;

use super::*;

fn values(body: Value) -> Values {
    Values { body, ..Values::default() }
}

#[test]
fn what_is_neither_carried_nor_lost_is_listed() {
    let values = values(json!({"a": 1, "b": {"c": 2, "d": [3, 4]}, "e": null, "f": "", "g": [{"h": 5}]}));
    let source = Source::new(&values);
    let mut output = Output::new();
    source.node(Place::Body).get("a").put_number(
        &mut output,
        "x",
        Limits { min: 0.0, max: 9.0, severity: Severity::Shown },
    );
    source.node(Place::Body).get("b").get("d").items()[1].carried("elsewhere");
    let findings = source.finish();
    let lost: Vec<String> = findings.losses.iter().map(|loss| loss.path.to_string()).collect();
    assert_eq!(lost, ["b.c", "b.d[0]", "g"]);
    assert_eq!(output.into_value(), json!({"x": 1}));
}

#[test]
fn sloppy_values_are_read_as_the_old_service_did() {
    let body = json!({"t": 12, "n": " 1.5 ", "i": "7", "yes": "True", "no": 0, "bad": {}, "word": "Circle"});
    let values = values(body);
    let source = Source::new(&values);
    let body = source.node(Place::Body);
    assert_eq!(body.get("t").text().as_deref(), Some("12"));
    assert_eq!(body.get("n").float(), Some(1.5));
    assert_eq!(body.get("i").number(), Some(7.into()));
    assert_eq!((body.get("yes").boolean(), body.get("no").boolean()), (Some(true), Some(false)));
    assert_eq!(body.get("word").word(&[("circle", 1)]), Some(1));
    assert_eq!((body.get("absent").text(), body.get("absent").float()), (None, None));
    assert!(source.finish().problems.is_empty());
    let (bad, wrong) = (body.get("bad"), body.get("word"));
    assert!(bad.text().is_none() && bad.float().is_none() && bad.boolean().is_none());
    assert!(wrong.word(&[("square", 1)]).is_none() && wrong.float().is_none());
    assert_eq!(source.finish().problems.len(), 5);
}

#[test]
fn the_path_of_a_problem_exists() {
    let values = values(json!({"a": {"b": 1}}));
    let source = Source::new(&values);
    source.node(Place::Body).get("a").get("c").get("d").missing("d", "add it");
    assert_eq!(source.finish().problems[0].path.to_string(), "a");
}
