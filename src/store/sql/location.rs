//! What `database.url` means.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::open::OpenError;

/// Where the database is.
pub(super) enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PgConnectOptions>),
}

impl Location {
    /// Reads a URL. No error repeats it, since it may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(invalid("it must begin with sqlite:// or postgres://"));
        };
        match scheme {
            "sqlite" => file(rest).map(Self::Sqlite),
            "postgres" | "postgresql" => server(url).map(|server| Self::Postgres(Box::new(server))),
            _ => Err(invalid("it must begin with sqlite:// or postgres://")),
        }
    }
}

fn file(rest: &str) -> Result<PathBuf, OpenError> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path == ":memory:" {
        return Err(invalid("a database in memory would lose what was accepted; name a file, such as sqlite://waypost.db"));
    }
    if path.is_empty() || path.ends_with('/') {
        return Err(invalid("it names no file; write sqlite://waypost.db or sqlite:///var/lib/waypost/waypost.db"));
    }
    if path.contains('?') {
        return Err(invalid("sqlite:// takes no parameters"));
    }
    Ok(PathBuf::from(path))
}

fn server(url: &str) -> Result<PgConnectOptions, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| invalid(&error.to_string()))?;
    // An operator who names the application in the URL is obeyed.
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("waypost"),
    })
}

fn invalid(detail: &str) -> OpenError {
    OpenError::Url { detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> PathBuf {
        match Location::parse(url) {
            Ok(Location::Sqlite(path)) => path,
            _ => panic!("{url} is no file"),
        }
    }

    #[test]
    fn sqlite_urls_name_files_relative_and_absolute() {
        assert_eq!(path("sqlite:waypost.db"), PathBuf::from("waypost.db"));
        assert_eq!(path("sqlite://data/waypost.db"), PathBuf::from("data/waypost.db"));
        assert_eq!(path("sqlite:///var/lib/waypost.db"), PathBuf::from("/var/lib/waypost.db"));
    }

    #[test]
    fn urls_that_can_not_keep_anything_are_refused_by_the_name_of_the_setting() {
        for url in ["", "waypost.db", "mysql://x", "sqlite::memory:", "sqlite://", "sqlite://x/", "sqlite://x?mode=memory"] {
            let Err(error) = Location::parse(url) else { panic!("{url} was taken") };
            assert!(error.to_string().starts_with("database.url"), "{error}");
        }
    }

    #[test]
    fn a_refused_url_does_not_show_its_password() {
        let Err(error) = Location::parse("postgres://user:hunter2@host:port/database") else { panic!("was taken") };
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn sessions_carry_the_name_of_the_program() {
        let Ok(Location::Postgres(options)) = Location::parse("postgres://user@host/database") else { panic!("refused") };
        assert_eq!(options.get_application_name(), Some("waypost"));
    }
}
