//! The `waypost` command.

use std::process::ExitCode;

/// Every event is a handful of small allocations freed by another thread, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    waypost::cli::main()
}
