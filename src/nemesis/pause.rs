//! `SIGSTOP`: the node's kernel still answers, its processes do nothing.
use nix::sys::signal::Signal;

use super::{
    Entry, Fault, Settings,
    signal::{Cure, SignalFault},
};
use crate::{cluster::DaemonState, ledger::Undo};

/// In the list of faults.
pub(super) const ENTRY: Entry = Entry {
    name: "pause",
    about: "stops the system's processes on some nodes (SIGSTOP), lets them go on at healing",
    needs_switch: false,
    needs_disk: false,
    in_all: true,
    build,
};

fn build(_: &Settings) -> Box<dyn Fault> {
    Box::new(SignalFault {
        name: ENTRY.name,
        signal: Signal::SIGSTOP,
        state: DaemonState::Paused,
        cure: Cure::Continue,
        undo: Undo::Resume,
    })
}
