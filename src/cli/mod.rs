//! The command line: one binary is the server and its tools.
//!
//! Only this layer prints. Exit codes: 0 done, 1 failed, 64 bad configuration or usage.

mod api_key;
mod config;
mod demo;
mod healthcheck;
mod migrate;
mod openapi;
mod serve;
mod settings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::ConfigError;
use crate::store::sql::OpenError;
use settings::Settings;

/// The exit code for bad configuration (`EX_USAGE` of `sysexits.h`).
const EXIT_USAGE: u8 = 64;

/// A webhook and CloudEvents router: durable in SQLite or Postgres, signed, retried, dead-lettered.
#[derive(Debug, Parser)]
#[command(name = "waypost", version)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (the default).
    Serve,
    /// Bring the database's schema up to date and end.
    Migrate,
    /// Print the OpenAPI document.
    Openapi(openapi::Options),
    /// Show or check the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Ask a running server whether it is ready; exits 0 if it is.
    Healthcheck(healthcheck::Options),
    /// Manage API keys from the machine that holds the database.
    #[command(subcommand)]
    ApiKey(api_key::Command),
    /// Show the main job on a temporary database and end; exits 0 only if all of it held.
    Demo,
}

/// Runs the command that the process's arguments name.
#[must_use]
#[expect(clippy::print_stderr, reason = "the command line speaks to a person")]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("waypost: {error:#}");
            let is_usage =
                error.is::<ConfigError>() || error.downcast_ref::<OpenError>().is_some_and(OpenError::is_configuration);
            ExitCode::from(if is_usage { EXIT_USAGE } else { 1 })
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { settings, command } = cli;
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match command.unwrap_or(Command::Serve) {
        Command::Serve => runtime()?.block_on(serve::run(settings.load()?))?,
        Command::Migrate => runtime()?.block_on(migrate::run(settings.load()?))?,
        Command::Openapi(options) => openapi::run(&options),
        Command::Config(command) => config::run(command, &settings)?,
        Command::Healthcheck(options) => return runtime()?.block_on(healthcheck::run(&options, settings.load()?)),
        Command::Demo => runtime()?.block_on(demo::run())?,
        Command::ApiKey(command) => runtime()?.block_on(api_key::run(command, settings.load()?))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes one line to standard output. A reader that went away is no reason to fail.
fn print(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
    let _ = std::io::stdout().flush();
}
