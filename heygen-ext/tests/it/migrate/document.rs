//! The document as the simulator has it, to check the requests of plans.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use heygen_ext::migrate::Plan;
use jsonschema::Validator;
use serde_json::{Value, json};

pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../heygen-sim/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Panics if a body of the plan does not match the document.
pub(crate) fn check_bodies(plan: &Plan) {
    for request in plan.requests() {
        let operation = request.operation();
        let method = operation.method().as_str().to_lowercase();
        let declared = &DOCUMENT["paths"][operation.path()][&method];
        assert!(declared.is_object(), "{operation:?}");
        let schema = &declared["requestBody"]["content"]["application/json"]["schema"];
        let Some(body) = request.body() else {
            assert!(schema.is_null() || declared["requestBody"]["required"] != true, "{request}: no body");
            continue;
        };
        let mut validators = VALIDATORS.lock().unwrap();
        let validator = validators.entry(operation.id().to_owned()).or_insert_with(|| {
            let whole = json!({"allOf": [schema], "components": DOCUMENT["components"]});
            Arc::new(jsonschema::draft202012::new(&whole).unwrap())
        });
        let validator = Arc::clone(validator);
        drop(validators);
        let problems: Vec<String> =
            validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(problems.is_empty(), "{}: {problems:?}\n{body:#}", operation.id());
    }
}
