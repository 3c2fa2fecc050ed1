# The commands of this repository by a short name: `just` lists them. Nothing needs just: each recipe is what you would type.

set shell := ["bash", "-euo", "pipefail", "-c"]

# list the recipes
default:
    @just --list --unsorted

# format the sources
fmt:
    cargo fmt --all

# what CI says about the sources: formatting, clippy, shellcheck
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    shellcheck -x -S style .cargo/rustc .ci/run .ci/generate .ci/tools.sh tests/live/node/*.sh tests/live/images/*/*.sh tests/live/images/*/*/*.sh

# the tests, with the real tools that are installed (`just tools`)
test *ARGUMENTS:
    source .ci/env.sh && cargo test --workspace {{ ARGUMENTS }}

# write everything generated again: schema, documentation, golden/
gen:
    .ci/generate

# install the real tools of the external checks: `just tools compose shellcheck`
tools *NAMES:
    .ci/tools.sh {{ NAMES }}

# what is rendered, on a real Docker engine: `just live networking`, `just live --sabotage`
live *ARGUMENTS:
    tests/live/run.py {{ ARGUMENTS }}

# the benchmarks
bench *ARGUMENTS:
    cargo bench {{ ARGUMENTS }}

# all that CI does
ci:
    .ci/run
