//! The `pipegen` program: everything it does is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A platform is many small texts, and this allocator takes a third off ten thousand services. It is version 2 of it, without
/// huge pages, because the others cost more at the start than a usual run gains (docs/performance.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    pipegen::cli::main()
}
