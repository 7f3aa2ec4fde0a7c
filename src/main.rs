//! Holdpoint's one program. What it does is in [`holdpoint::cli`].

fn main() -> std::process::ExitCode {
    holdpoint::cli::main()
}
