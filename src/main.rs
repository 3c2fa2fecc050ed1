//! The `pipegen` program: everything it does is in the library.

use std::process::ExitCode;

/// A platform is many small texts: of ten thousand services this one takes a third off the time. Version 2 and no huge
/// pages, because both cost more at the start than a usual run gains (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pipegen::cli::main()
}
