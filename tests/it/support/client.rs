//! A client of the API whose every answer is held against the document.

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::contract::{Contract, Observed};

/// A caller. Cheap to clone; the ways to another caller share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

/// An answer that the document describes.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    /// A caller with an API key or a token.
    pub(crate) fn new(base: impl Into<String>, key: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, base: base.into(), headers: HeaderMap::new() }.with_key(key)
    }

    /// The same with another credential.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        self.with("authorization", &format!("Bearer {key}"))
    }

    /// The same in another tenant.
    pub(crate) fn in_tenant(&self, tenant: &str) -> Self {
        self.with("waypost-tenant", tenant)
    }

    /// The same without a credential.
    pub(crate) fn anonymous(&self) -> Self {
        let mut other = self.clone();
        other.headers.remove("authorization");
        other
    }

    /// The same with one more header in every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        other
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Bytes::new()).await
    }

    /// A `POST` without a body.
    pub(crate) async fn post_empty(&self, path: &str) -> Answer {
        self.send(Method::POST, path, &[], Bytes::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::PATCH, path, body).await
    }

    /// Posts an event in structured mode.
    pub(crate) async fn post_event(&self, event: &Value) -> Answer {
        let headers = [("content-type", "application/cloudevents+json")];
        self.send(Method::POST, "/v1/events", &headers, event.to_string()).await
    }

    async fn send_json(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// Sends any request, and fails the test if the document does not foresee the answer.
    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base)).headers(self.headers.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body.into()).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        // A stream goes on until somebody ends it.
        let is_stream = headers.get("content-type").is_some_and(|value| value == "text/event-stream");
        let body = if is_stream { Bytes::new() } else { response.bytes().await.unwrap() };
        let answer = Answer { status, headers, body };
        let path = path.split('?').next().unwrap_or_default();
        if path.starts_with("/v1/") {
            let content_type = answer.headers.get("content-type").and_then(|value| value.to_str().ok());
            let observed = Observed { method: method.as_str(), path, status: status.as_u16(), content_type, body: &answer.body };
            Contract::shared().check(observed).unwrap_or_else(|fault| panic!("{fault}"));
        }
        answer
    }
}

impl Answer {
    /// The body, of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        if self.body.is_empty() { Value::Null } else { serde_json::from_slice(&self.body).unwrap() }
    }

    /// The code and the first place of a problem with this status.
    #[track_caller]
    pub(crate) fn problem(self, status: u16) -> (String, String) {
        let problem = self.expect(status);
        let first = &problem["errors"][0];
        let place = ["pointer", "header", "parameter"].into_iter().find_map(|member| first[member].as_str());
        (problem["code"].as_str().unwrap().to_owned(), place.unwrap_or_default().to_owned())
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
