//! Other tools' histories: every dialect, there and back again, and nothing that panics.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "formats/dialects.rs"]
mod dialects;
#[path = "formats/never_panics.rs"]
mod never_panics;
#[path = "cases/stored.rs"]
mod stored;
#[path = "formats/there_and_back.rs"]
mod there_and_back;
