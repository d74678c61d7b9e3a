//! The command `netsplit`.
use std::process::ExitCode;

fn main() -> ExitCode {
    netsplit::cli::main()
}
