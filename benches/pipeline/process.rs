//! Processes of the benchmark: started, asked for their CPU time and memory, and ended with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Result;

/// How long a tick of `/proc/PID/stat` is: `USER_HZ` is 100 on every Linux.
pub(crate) const TICK_US: i64 = 10_000;

/// A server that ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
}

impl Server {
    /// Starts a server that says `… listening on ADDRESS` on its first line.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim().rsplit(' ').next().unwrap_or("").trim_start_matches("http://").to_owned();
        if !address.contains(':') {
            child.kill()?;
            child.wait()?;
            return Err(format!("{command:?} did not say where it listens but {line:?}").into());
        }
        Ok(Self { child, address })
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to do about a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program in another role.
pub(crate) fn role(name: &str, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(name).args(arguments);
    Ok(command)
}

/// One request on a connection of its own, with these lines of headers; status and body of the answer.
pub(crate) fn request(method: &str, address: &str, path: &str, headers: &str, body: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.get(9..12).ok_or("not an HTTP answer")?.parse()?;
    Ok((status, answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned()))
}

/// CPU time a process has used, its finished children included, in microseconds.
pub(crate) fn cpu_us(process: u32) -> Result<i64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold anything; what follows its end is numbers. utime is field 14, counted from 1.
    let (_, after_name) = stat.rsplit_once(')').ok_or("not a stat line")?;
    let ticks: i64 = after_name.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<i64>().ok()).sum();
    Ok(ticks * TICK_US)
}

/// A process and its children now.
pub(crate) fn family(parent: u32) -> Vec<u32> {
    let children = std::fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let of: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        (of == parent).then_some(process)
    });
    std::iter::once(parent).chain(children).collect()
}

/// A number of KiB from a file of `/proc/PID`.
pub(crate) fn kib(process: u32, file: &str, name: &str) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Bytes that a process had written to a disk.
pub(crate) fn written_bytes(process: u32) -> Result<i64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/io"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(line.ok_or("no write_bytes")?.trim().parse()?)
}
