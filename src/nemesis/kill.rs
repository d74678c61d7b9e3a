//! `kill -9`, and a start after it.
use nix::sys::signal::Signal;

use super::{
    Entry, Fault, Settings,
    signal::{Cure, SignalFault},
};
use crate::{cluster::DaemonState, ledger::Undo};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "kill",
    about: "kills the system's processes on some nodes (SIGKILL), starts them again at healing",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build,
};

fn build(_: &Settings) -> Box<dyn Fault> {
    Box::new(SignalFault {
        name: ENTRY.name,
        signal: Signal::SIGKILL,
        state: DaemonState::Dead,
        cure: Cure::Start,
        undo: Undo::Nothing,
    })
}
