//! What the last stage of the Dockerfile says the image runs as.

use std::path::Path;

/// The beginnings of the names of the libraries in `gcr.io/distroless/cc`: glibc, libgcc and libstdc++. The base has no others
/// that a program of ours may count on.
pub(super) const LIBRARIES: [&str; 10] = [
    "ld-linux",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libmvec.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libstdc++.so.6",
];

/// The image.
#[derive(Debug)]
pub(super) struct Image {
    /// User and group, by number.
    pub user: (u32, u32),
    /// The environment it sets.
    pub environment: Vec<(String, String)>,
    /// The program, by its path in the image.
    pub program: String,
    /// The health check's command.
    pub healthcheck: Vec<String>,
    /// The one folder that can be written.
    pub volume: String,
    /// How it is asked to stop.
    pub stop_signal: String,
}

impl Image {
    /// Reads it from the Dockerfile.
    pub(super) fn read() -> Self {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile")).expect("a Dockerfile");
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let text = lines.join("\n").replace("\\\n", " ");
        let (_, stage) = text.rsplit_once("\nFROM ").expect("a last stage");
        let all = |word: &str| {
            let prefix = format!("{word} ");
            stage.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::trim).map(str::to_owned).collect::<Vec<_>>()
        };
        let one = |word: &str| all(word).pop().unwrap_or_else(|| panic!("no {word} in the last stage"));
        let (user, group) =
            one("USER").split_once(':').map(|(user, group)| (number(user), number(group))).expect("USER by number");
        let pairs = all("ENV").join(" ");
        Self {
            user: (user, group),
            environment: pairs.split_whitespace().filter_map(|pair| pair.split_once('=')).map(own).collect(),
            program: words(&one("ENTRYPOINT")).remove(0),
            healthcheck: words(one("HEALTHCHECK").split_once("CMD").expect("a command").1),
            volume: one("VOLUME"),
            stop_signal: one("STOPSIGNAL"),
        }
    }
}

fn number(text: &str) -> u32 {
    text.parse().expect("a number")
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The words of a command in the exec form.
fn words(text: &str) -> Vec<String> {
    serde_json::from_str(text.trim()).expect("the exec form: a shell is not there")
}
