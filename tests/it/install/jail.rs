//! The walls of a container around the binary under test, made by a mount namespace, `chroot` and limits.
//!
//! The root holds the binary, the libraries it is linked against and the data folder, and nothing else: what the program needs
//! beyond that, the image would have to bring.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::image::Image;

const BINARY: &str = env!("CARGO_BIN_EXE_waypost");

/// Mounts the root over itself read-only and the data into it, then becomes the program. Every step replaces the process, so that
/// signals reach the program as they do in a container.
const SCRIPT: &str = r#"
root=$1 data=$2 volume=$3 memory=$4 user=$5; shift 5
mount --bind "$root" "$root"
mount --bind "$data" "$root$volume"
mount -o remount,bind,ro "$root"
exec prlimit --data="$memory" --core=0 setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"
"#;

/// A root of its own and a data folder. Both go when this is dropped.
pub(super) struct Jail {
    image: Image,
    root: TempDir,
    data: TempDir,
    memory: u64,
}

impl Jail {
    /// Builds one, or says why not.
    #[expect(clippy::disallowed_methods, reason = "not the product's configuration: whether this is CI")]
    pub(super) fn build() -> Option<Self> {
        if !is_allowed() {
            assert!(std::env::var_os("CI").is_none(), "in CI these tests run as root");
            eprintln!("skipped: the binary as the image runs it, which takes root for a mount namespace");
            return None;
        }
        let image = Image::read();
        let (root, data) = (folder(), folder());
        place(Path::new(BINARY), root.path(), &image.program);
        for library in libraries() {
            place(&library, root.path(), library.to_str().expect("a path"));
        }
        fs::create_dir(root.path().join(inside(&image.volume))).expect("a folder for the data");
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).expect("a root that others can enter");
        chown(data.path(), Some(image.user.0), Some(image.user.1)).expect("the data belongs to the image's user");
        Some(Self { image, root, data, memory: memory_limit() })
    }

    /// A command of the binary inside, with the image's environment and `settings` over it.
    pub(super) fn command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
        let (user, group) = self.image.user;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh", "-euc", SCRIPT, "sh"])
            .args([self.root.path(), self.data.path(), Path::new(&self.image.volume)])
            .args([self.memory.to_string(), format!("{user}:{group}"), self.image.program.clone()])
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(self.image.environment.iter().map(|(name, value)| (name, value)))
            .envs(settings.iter().copied());
        command
    }

    pub(super) const fn image(&self) -> &Image {
        &self.image
    }

    /// Where its data lies outside.
    pub(super) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Bytes it may hold.
    pub(super) const fn memory(&self) -> u64 {
        self.memory
    }
}

/// Whether mounts can be made here.
fn is_allowed() -> bool {
    let tried = Command::new("unshare").args(["--mount", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// The files that the binary is linked against, the loader included.
pub(super) fn libraries() -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(BINARY).output().expect("ldd comes with the C library");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// What compose.yaml allows a container, here as a limit on its data: stricter, since what is reserved counts too.
fn memory_limit() -> u64 {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("compose.yaml")).expect("compose.yaml");
    let compose: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).expect("YAML");
    let limit = compose["services"]["waypost"]["mem_limit"].as_str().expect("a limit");
    limit.trim_end_matches('m').parse::<u64>().expect("megabytes") << 20
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn inside(path: &str) -> &str {
    path.trim_start_matches('/')
}

/// Copies a file to a path below `root`, following links.
fn place(file: &Path, root: &Path, path: &str) {
    let target = root.join(inside(path));
    fs::create_dir_all(target.parent().expect("a folder")).expect("a folder can be made");
    fs::copy(file, target).expect("the file can be copied");
}
