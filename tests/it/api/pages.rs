//! The dashboard's files, as the binary serves them.

use crate::support::client::Answer;
use crate::support::server::on_both_databases;

/// The files that the page names, of the build this binary took in.
fn named_files(page: &str) -> Vec<String> {
    let attributes = page.split('"').filter(|text| text.starts_with("/assets/") || text.starts_with("./assets/"));
    attributes.map(|text| text.trim_start_matches('.').to_owned()).collect()
}

fn is_strict(answer: &Answer) -> bool {
    let policy = answer.header("content-security-policy").unwrap_or_default();
    policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http")
}

on_both_databases!(the_page_and_its_files_are_served_compressed_and_strictly, async |server| {
    let client = server.client.anonymous();
    let page = client.get("/").await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, Some("no-cache")));
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(text.contains("<!doctype html>"), "the dashboard is not built in: `make web`, then build again\n{text}");
    assert!(is_strict(&page));
    let tag = page.header("etag").unwrap();
    assert_eq!(client.with("if-none-match", tag).get("/").await.status.as_u16(), 304);
    let files = named_files(&text);
    assert!(files.len() >= 2, "{text}");
    for file in files {
        let plain = client.get(&file).await;
        assert_eq!(plain.status.as_u16(), 200, "{file}");
        assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert!(is_strict(&plain));
        assert_eq!(plain.header("content-encoding"), None);
        for encoding in ["br", "gzip"] {
            let answer = client.with("accept-encoding", encoding).get(&file).await;
            assert_eq!(answer.header("content-encoding"), Some(encoding));
            assert_eq!(answer.header("content-type"), plain.header("content-type"));
            assert!(answer.body.len() < plain.body.len());
        }
    }
});

on_both_databases!(what_is_no_file_gets_a_problem_and_never_the_page, async |server| {
    for path in ["/assets/none.js", "/index.html", "/deliveries", "/.gitkeep", "/assets/../index.html"] {
        assert_eq!(server.client.get(path).await.problem(404).0, "not_found", "{path}");
    }
});
