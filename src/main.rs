//! The `pipegen` program: everything it does is in the library.

use std::alloc::System;
use std::process::ExitCode;

use spinning_top::RawSpinlock;
use talc::TalcLock;
use talc::source::GlobalAllocSource;

/// A platform is many small texts. This allocator takes the system's memory in blocks, shares it out in fewer steps, and
/// touches few pages of it: a usual run takes a tenth less than with the one of glibc, ten thousand services a quarter less
/// (docs/performance.md).
#[global_allocator]
static ALLOCATOR: TalcLock<RawSpinlock, GlobalAllocSource<System>> = TalcLock::new(GlobalAllocSource::new(System));

fn main() -> ExitCode {
    pipegen::cli::main()
}
