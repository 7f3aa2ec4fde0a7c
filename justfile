# What contributors do, each in one word. `just` lists them; CONTRIBUTING.md says more.

_default:
    @just --list

# Install everything and start the demo
demo:
    ./install.sh demo

# Ask the demo's eight questions, unattended
check-demo:
    ./install.sh demo --check

# Install what the tests need and run all of them; arguments go to `cargo test`
test *ARGS:
    ./install.sh test {{ ARGS }}

# Accept the snapshots of API answers and pages that changed on purpose
accept-snapshots:
    INSTA_UPDATE=always ./install.sh test

# Format all code
fmt:
    cargo fmt --all

# What must hold before a commit: format, lints, documentation
lint:
    cargo fmt --all --check
    cargo clippy --locked --workspace --exclude pure-check --all-targets -- -D warnings
    cargo clippy --locked --package pure-check -- -D warnings
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --workspace
    shellcheck install.sh .ci/run

# Everything that CI runs
ci:
    ./.ci/run
