//! Paths that neither v1 nor v2 had.

use std::fmt;

use http::Method;

use super::table::{endpoints, endpoints_at};

/// The error for a path that neither v1 nor v2 had, or not with this method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEndpoint {
    method: Method,
    path: String,
    methods: Vec<Method>,
    similar: Vec<&'static str>,
}

impl UnknownEndpoint {
    pub(crate) fn new(method: &Method, path: &str) -> Self {
        let methods: Vec<Method> =
            endpoints_at(path).map(|(endpoint, _)| endpoint.method().clone()).collect();
        let mut similar: Vec<&'static str> =
            if methods.is_empty() { similar_paths(path) } else { Vec::new() };
        similar.truncate(3);
        Self { method: method.clone(), path: path.to_owned(), methods, similar }
    }

    /// The methods that the path has. Empty if the path does not exist.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }
}

/// The paths of endpoints that begin with the same two parts, or else end with the same one.
fn similar_paths(path: &str) -> Vec<&'static str> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let word = |path: &str| {
        path.split('/').nth(2).map(|part| part.split(['.', '_']).next().unwrap_or(part).to_owned())
    };
    let wanted = parts.get(1).map(|part| part.split(['.', '_']).next().unwrap_or(part).to_owned());
    let mut found: Vec<&'static str> = Vec::new();
    for endpoint in endpoints().filter(|endpoint| wanted.is_some() && word(endpoint.path()) == wanted) {
        if !found.contains(&endpoint.path()) {
            found.push(endpoint.path());
        }
    }
    found
}

impl fmt::Display for UnknownEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, methods, similar } = self;
        if !methods.is_empty() {
            let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
            return write!(f, "{path} does not take {method}; use {}", methods.join(" or "));
        }
        if path.starts_with("/v3/") {
            return write!(f, "{path} is a path of v3 already; send it to the service directly");
        }
        write!(f, "neither v1 nor v2 has {method} {path}")?;
        if similar.is_empty() { Ok(()) } else { write!(f, "; similar paths: {}", similar.join(", ")) }
    }
}

impl std::error::Error for UnknownEndpoint {}
