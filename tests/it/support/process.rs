//! The real binary as a process of its own, to be killed and started again.

use std::io::{BufRead, BufReader, Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// The administrator's key of every process started here.
pub(crate) const KEY: &str = "wp_integration_tests_key_000";

/// How long a process may take to start, or to stop when asked.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `waypost serve`; killed when dropped.
pub(crate) struct Process {
    child: Child,
    base: String,
}

impl Process {
    /// Starts a node on a database and waits for its start line. Loopback sinks are allowed; `settings` are further
    /// environment variables.
    pub(crate) fn start(database_url: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_logging(database_url, settings, Stdio::inherit())
    }

    /// The same, with its log going to `log`.
    pub(crate) fn start_logging(database_url: &str, settings: &[(&str, &str)], log: impl Into<Stdio>) -> Self {
        let allowed = ("WAYPOST_EGRESS__ALLOW", "127.0.0.0/8");
        let given = [("WAYPOST_BOOTSTRAP_KEY", KEY), ("WAYPOST_LOG__FILTER", "warn"), allowed];
        Self::spawn(database_url, given.iter().chain(settings).copied(), log.into())
    }

    /// Starts a node that nobody gave a key, and gives the key it printed, if it made one.
    pub(crate) fn start_first(database_url: &str) -> (Self, Option<String>) {
        let mut log = tempfile::tempfile().expect("a file for the log");
        let process = Self::spawn(database_url, std::iter::empty(), log.try_clone().expect("the same file").into());
        let mut text = String::new();
        log.rewind().expect("the file can be read from its beginning");
        log.read_to_string(&mut text).expect("the log is text");
        let key = text.lines().find_map(|line| Some(line.split_once("shown only now: ")?.1.to_owned()));
        (process, key)
    }

    fn spawn<'a>(database_url: &str, settings: impl Iterator<Item = (&'a str, &'a str)>, log: Stdio) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waypost"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--database-url", database_url]);
        command.envs(settings).current_dir(std::env::temp_dir()).stderr(log);
        Self::of(command)
    }

    /// Runs a command that becomes the server, and waits for its start line.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output is a pipe")).lines();
        let line = lines.next().expect("a start line before the output ends").expect("the start line is text");
        let base = line.strip_prefix("waypost listening on ").expect("the start line names the address").to_owned();
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base }
    }

    /// `http://ADDR:PORT`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The process's identifier.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would: SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process can be waited for");
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        assert!(send_signal(name, self.child.id()).success());
    }

    /// Asks it to stop and waits for its exit code.
    pub(crate) fn stop(mut self) -> i32 {
        self.signal("TERM");
        let id = self.child.id();
        let (ended, end) = std::sync::mpsc::channel::<()>();
        // A process that ignores SIGTERM fails the test instead of hanging it.
        let watch = std::thread::spawn(move || {
            if end.recv_timeout(PATIENCE).is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout) {
                send_signal("KILL", id);
            }
        });
        let status = self.child.wait().expect("the process can be waited for");
        drop(ended);
        watch.join().expect("the watch ends");
        status.code().unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal with the shell's own `kill`: the program of that name is a package that not every machine has.
fn send_signal(name: &str, id: u32) -> ExitStatus {
    Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().expect("there is a shell")
}

/// Runs a command of the binary to its end: exit code, standard output, standard error.
pub(crate) fn run(arguments: &[&str], settings: &[(&str, &str)]) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_waypost"))
        .args(arguments)
        .envs(settings.iter().copied())
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let (mut output, mut errors) = (String::new(), String::new());
    child.stdout.take().expect("piped").read_to_string(&mut output).expect("text");
    child.stderr.take().expect("piped").read_to_string(&mut errors).expect("text");
    let status = child.wait().expect("the process can be waited for");
    (status.code().unwrap_or(-1), output, errors)
}
