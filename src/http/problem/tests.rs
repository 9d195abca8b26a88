use axum::body::to_bytes;

use super::*;
use crate::store::StoreError;

async fn answer(problem: Problem) -> (http::Response<()>, String) {
    let (parts, body) = problem.into_response().into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    (http::Response::from_parts(parts, ()), String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn problem_carries_the_members_of_rfc_9457_and_every_place() {
    let problem = Problem::invalid_request("The request has 3 faults.")
        .at_pointer("/config/retry", "must be an object")
        .at_header("Waypost-Tenant", "is no tenant name")
        .at_parameter("limit", "must be 1 to 250");
    let (response, body) = answer(problem).await;
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    insta::assert_snapshot!(body, @r#"{"type":"https://waypost.dev/errors#invalid_request","title":"The request is not valid","status":400,"detail":"The request has 3 faults.","code":"invalid_request","errors":[{"pointer":"/config/retry","detail":"must be an object"},{"header":"Waypost-Tenant","detail":"is no tenant name"},{"parameter":"limit","detail":"must be 1 to 250"}]}"#);
}

#[tokio::test]
async fn problem_without_places_has_no_errors_member() {
    let (_, body) = answer(Problem::not_found("There is no such page.")).await;
    insta::assert_snapshot!(body, @r#"{"type":"https://waypost.dev/errors#not_found","title":"Not found","status":404,"detail":"There is no such page.","code":"not_found"}"#);
}

#[tokio::test]
async fn internal_error_shows_an_id_and_not_its_cause() {
    let (response, body) = answer(StoreError::corrupt("column secret_thing is missing").into()).await;
    assert_eq!(response.status(), 500);
    assert!(!body.contains("secret_thing"), "{body}");
    assert!(body.contains("error id err_"), "{body}");
}

#[tokio::test]
async fn unavailable_database_says_when_to_try_again() {
    let (response, _) = answer(StoreError::unavailable("connection refused").into()).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "2");
}

#[test]
fn retry_after_rounds_up_to_whole_seconds() {
    for (millis, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2")] {
        let problem = Problem::new(Code::Overloaded, "").retry_after(Duration::from_millis(millis));
        assert_eq!(problem.headers[0].1, seconds, "{millis}");
    }
}

#[test]
fn codes_are_named_the_same_in_json_and_in_code() {
    for &code in Code::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
}

#[test]
fn page_of_errors_explains_every_code() {
    let page = errors_markdown();
    for &code in Code::ALL {
        assert!(page.contains(&format!("\n## {}\n", code.as_str())), "{code:?}");
    }
}

#[test]
fn committed_page_of_errors_is_that_of_the_code() {
    let committed = include_str!("../../../docs/errors.md");
    assert!(committed == errors_markdown(), "docs/errors.md is out of date: run `make generate`");
}
