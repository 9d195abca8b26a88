//! The document: complete, served, and shown by a viewer that needs nobody else.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use crate::support::contract::Contract;
use crate::support::server::on_both_databases;

#[test]
fn operations_are_named_verb_resource_and_only_once() {
    let mut names = BTreeSet::new();
    for (method, path, operation) in Contract::shared().operations() {
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
        assert!(name.split('_').count() >= 2 && name == name.to_ascii_lowercase(), "{name}");
        assert!(names.insert(name), "{name} is there twice");
        assert!(
            operation["summary"].as_str().is_some_and(|summary| !summary.contains('\n')),
            "{name} has no summary of one line"
        );
    }
}

/// Routes under `/v1` are only registered through `routes!`, which documents them.
#[test]
fn no_route_of_the_api_is_registered_without_its_description() {
    fn walk(folder: &Path, offenders: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, offenders);
            } else if std::fs::read_to_string(&path).unwrap().contains(".route(\"/v1") {
                offenders.push(path.display().to_string());
            }
        }
    }
    let mut offenders = Vec::new();
    walk(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut offenders);
    assert_eq!(offenders, Vec::<String>::new());
}

on_both_databases!(every_documented_operation_is_served, async |server| {
    let anonymous = server.client.anonymous();
    for (method, path, operation) in Contract::shared().operations() {
        let path = path.replace("{id}", "x").replace("{producer}", "x");
        let answer = anonymous.send(Method::from_bytes(method.as_bytes()).unwrap(), &path, &[], "").await;
        let is_public = operation["security"] == serde_json::json!([{}]);
        assert_eq!(answer.status == 401, !is_public, "{method} {path} answered {}", answer.status);
    }
});

on_both_databases!(served_document_is_the_committed_one, async |server| {
    let served: Value = server.client.anonymous().get("/openapi.json").await.expect(200);
    assert_eq!(&served, Contract::shared().document());
});

on_both_databases!(unknown_paths_and_methods_are_problems, async |server| {
    assert_eq!(server.client.get("/v1/subscribers").await.problem(404).0, "not_found");
    assert_eq!(server.client.delete("/v1/subscriptions").await.problem(405).0, "method_not_allowed");
});

on_both_databases!(viewer_works_offline, async |server| {
    let client = server.client.anonymous();
    let moved = client.get("/docs").await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (308, Some("/docs/")));
    let index = client.get("/docs/").await;
    assert_eq!(index.header("content-type"), Some("text/html"));
    let policy = index.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-eval") && !policy.contains("http"), "{policy}");
    let page = String::from_utf8(index.body.to_vec()).unwrap();
    assert!(!page.contains("//"), "the page refers to another host: {page}");
    let references: Vec<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .map(|rest| rest.split('"').next().unwrap().trim_start_matches("./"))
        .collect();
    assert!(references.len() >= 4, "{page}");
    for asset in references {
        let answer = client.get(&format!("/docs/{asset}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{asset}");
        assert!(answer.header("content-type").is_some_and(|kind| !kind.contains("octet-stream")), "{asset}");
        assert!(answer.header("cache-control").is_some_and(|caching| caching.contains("max-age")), "{asset}");
    }
    let start = client.get("/docs/swagger-initializer.js").await;
    assert!(String::from_utf8_lossy(&start.body).contains("/openapi.json"));
    assert_eq!(client.get("/docs/nothing.js").await.problem(404).0, "not_found");
});
