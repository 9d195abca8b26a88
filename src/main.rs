//! The `waypost` command.

use std::process::ExitCode;

/// Measured against the system's allocator on the accept and deliver paths; `docs/performance.md` has the numbers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    waypost::cli::main()
}
