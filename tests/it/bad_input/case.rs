//! One malformed request and the answer it must get.

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::support::contract::{Contract, Observed};

/// Where an answer must say that the fault lies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Pointer(&'static str),
    Header(&'static str),
    Parameter(&'static str),
    /// The fault is of the request as a whole.
    Whole,
}
pub(super) use Place::{Header, Parameter, Pointer, Whole};

/// A malformed request and what it must be answered.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) name: &'static str,
    method: &'static str,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    is_authenticated: bool,
    status: u16,
    code: &'static str,
    place: Place,
}

/// A request that is right but for what the case changes.
pub(super) fn case(name: &'static str, method: &'static str, path: impl Into<String>) -> Case {
    Case {
        name,
        method,
        path: path.into(),
        headers: Vec::new(),
        body: Vec::new(),
        is_authenticated: true,
        status: 400,
        code: "invalid_request",
        place: Whole,
    }
}

impl Case {
    /// Adds a header line; a second one of the same name is a second line.
    pub(super) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        self.headers.push((name, HeaderValue::from_bytes(value.as_ref()).expect("a header's value")));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// Leaves the credential out.
    pub(super) fn anonymous(mut self) -> Self {
        self.is_authenticated = false;
        self
    }

    pub(super) fn expects(mut self, status: u16, code: &'static str, place: Place) -> Self {
        (self.status, self.code, self.place) = (status, code, place);
        self
    }

    /// Sends it, and says what is wrong with the answer.
    pub(super) async fn run(&self, http: &reqwest::Client, base: &str, key: &str) -> Result<(), String> {
        let method = reqwest::Method::from_bytes(self.method.as_bytes()).expect("a method");
        let mut request = http.request(method, format!("{base}{}", self.path)).body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if self.is_authenticated {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.map_err(|error| format!("no answer: {error:?}"))?;
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").cloned();
        let body = response.text().await.map_err(|error| format!("no body: {error}"))?;
        if status != self.status {
            return Err(format!("expected {}, got {status}: {body}", self.status));
        }
        let observed = Observed {
            method: self.method,
            path: self.path.split('?').next().unwrap_or_default(),
            status,
            content_type: content_type.as_ref().and_then(|value| value.to_str().ok()),
            body: body.as_bytes(),
        };
        Contract::shared().check(observed)?;
        if content_type.as_ref().is_none_or(|value| value != "application/problem+json") {
            return Err(format!("content type {content_type:?}"));
        }
        self.check(&serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?)
    }

    fn check(&self, problem: &Value) -> Result<(), String> {
        if problem["code"] != self.code || problem["status"] != self.status {
            return Err(format!("expected code {}: {problem}", self.code));
        }
        if problem["detail"].as_str().is_none_or(|detail| detail.len() < 10) {
            return Err(format!("no helpful detail: {problem}"));
        }
        let (member, expected) = match self.place {
            Pointer(pointer) => ("pointer", pointer),
            Header(header) => ("header", header),
            Parameter(parameter) => ("parameter", parameter),
            Whole => return Ok(()),
        };
        let places = problem["errors"].as_array().into_iter().flatten();
        let is_named = places.into_iter().any(|error| {
            let place = error[member].as_str().unwrap_or_default();
            place.eq_ignore_ascii_case(expected) && error["detail"].as_str().is_some_and(|detail| !detail.is_empty())
        });
        if is_named { Ok(()) } else { Err(format!("no error at {member} {expected}: {problem}")) }
    }
}
