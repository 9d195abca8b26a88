use super::*;
use crate::config::Role;
use crate::domain::shard::ShardNumber;

fn environment(variables: &[(&str, &str)]) -> Source {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Source { environment, ..Source::default() }
}

fn refused(source: &Source) -> String {
    load(source).unwrap_err().to_string()
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = "role = 'api'\n[server]\nlisten = 'file:1'\nmax_headers = 7\n[accept]\nwriters = 9\n";
    let mut source = environment(&[("WAYPOST_SERVER__LISTEN", "environment:1"), ("WAYPOST_ACCEPT__WRITERS", "4")]);
    source.file = Some(("waypost.toml".into(), file.into()));
    source.flags = vec![("server.listen".into(), "flag:1".into())];
    let config = load(&source).unwrap();
    assert_eq!(config.server.listen, "flag:1");
    assert_eq!(config.accept.writers, 4);
    assert_eq!(config.server.max_headers, 7);
    assert_eq!(config.role, Role::Api);
    assert_eq!(config.database, Config::builtin().database);
}

#[test]
fn environment_reads_lists_flags_numbers_and_text() {
    let config = load(&environment(&[
        ("WAYPOST_EGRESS__ALLOW", "10.0.0.0/8, 127.0.0.1/32"),
        ("WAYPOST_DEV", "true"),
        ("WAYPOST_DATABASE__MAX_CONNECTIONS", "3"),
        ("WAYPOST_BOOTSTRAP_KEY", "wp_0123456789abcdefghij"),
        ("HOME", "/nowhere"),
        ("WAYPOST_TEST_POSTGRES", "ignored"),
    ]))
    .unwrap();
    assert_eq!(config.egress.allow.len(), 2);
    assert!(config.dev);
    assert_eq!(config.database.max_connections, 3);
    assert_eq!(config.auth.bootstrap_key.unwrap().expose(), "wp_0123456789abcdefghij");
}

#[test]
fn shards_are_urls_or_tables_from_every_layer() {
    let urls = |config: &Config| {
        let shards = config.database.shards.iter();
        shards.map(|shard| shard.url.as_ref().unwrap().expose().to_owned()).collect::<Vec<_>>()
    };
    let config = load(&environment(&[("WAYPOST_DATABASE__SHARDS", "sqlite://a.db, postgres://b/c")])).unwrap();
    assert_eq!(urls(&config), ["sqlite://a.db", "postgres://b/c"]);
    let table = "[{ url = 'postgres://a,b/c', direct_url = 'postgres://d/c' }, 'sqlite://e.db']";
    let config = load(&environment(&[("WAYPOST_DATABASE__SHARDS", table)])).unwrap();
    assert_eq!(urls(&config), ["postgres://a,b/c", "sqlite://e.db"]);
    let first = config.database.of_shard(ShardNumber::new(1).unwrap()).unwrap();
    assert_eq!((first.url.as_str(), first.direct_url.unwrap().expose()), ("postgres://a,b/c", "postgres://d/c"));
    assert_eq!(config.database.shard_numbers().map(ShardNumber::get).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(config.database.of_shard(ShardNumber::new(3).unwrap()), None);
    let flags = vec![("database.shards".to_owned(), r#"["sqlite://f.db"]"#.to_owned())];
    assert_eq!(urls(&load(&Source { flags, ..Source::default() }).unwrap()), ["sqlite://f.db"]);
    for (wrong, said) in [
        ("[{ ulr = 'postgres://me:hidden@a/b' }]", "ulr"),
        ("[{ replica_url = 'postgres://me:hidden@a/b' }]", "entry 1 has neither url nor url_file"),
        ("[7]", "a URL, or a table"),
    ] {
        let error = refused(&environment(&[("WAYPOST_DATABASE__SHARDS", wrong)]));
        assert!(error.contains("database.shards") && error.contains(said) && !error.contains("hidden"), "{error}");
    }
    let many = vec!["sqlite://x.db"; 64].join(",");
    assert!(refused(&environment(&[("WAYPOST_DATABASE__SHARDS", &many)])).contains("at most 63"));
}

#[test]
fn what_is_wrong_is_named_with_its_layer() {
    let error = refused(&environment(&[("WAYPOST_SERVER__LISTN", "x")]));
    assert!(error.contains("WAYPOST_SERVER__LISTN") && error.contains("listn"), "{error}");
    let error = refused(&environment(&[("WAYPOST_ACCEPT__WRITERS", "many")]));
    assert!(error.contains("accept.writers"), "{error}");
    let error = refused(&environment(&[("WAYPOST_ACCEPT__WRITERS", "0")]));
    assert!(error.contains("WAYPOST_ACCEPT__WRITERS") && error.contains("accept.writers: 0 is not between 1 and 64"), "{error}");
    let both = [("WAYPOST_DISPATCH__HEARTBEAT_MS", "20000"), ("WAYPOST_DISPATCH__LEASE_MS", "60000")];
    assert!(load(&environment(&both)).is_ok());
    assert!(refused(&environment(&both[..1])).contains("dispatch.heartbeat_ms: 20000 is more than half"));
    let file = Some(("my.toml".to_owned(), "[server]\nmax_headers = 'x'".to_owned()));
    let error = refused(&Source { file, ..Source::default() });
    assert!(error.contains("my.toml") && error.contains("server.max_headers"), "{error}");
    let file = Some(("my.toml".to_owned(), "[server".to_owned()));
    assert!(refused(&Source { file, ..Source::default() }).contains("my.toml"));
}

#[test]
fn secrets_come_from_files_but_not_from_two_places() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "postgres://secret@host/db\n").unwrap();
    let path = file.path().to_str().unwrap();
    let config = load(&environment(&[("WAYPOST_DATABASE__URL_FILE", path)])).unwrap();
    assert_eq!(config.database.url, "postgres://secret@host/db");
    let twice = environment(&[("WAYPOST_BOOTSTRAP_KEY", "wp_x"), ("WAYPOST_AUTH__BOOTSTRAP_KEY_FILE", path)]);
    assert!(refused(&twice).contains("auth.bootstrap_key_file"));
    let missing = environment(&[("WAYPOST_ENCRYPTION__KEY_FILE", "/does/not/exist")]);
    assert!(refused(&missing).contains("encryption.key_file"));
}
