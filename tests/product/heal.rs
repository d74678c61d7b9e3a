//! Nodes that outlive the controller: what it leaves behind when it is killed, `heal` undoes.

use std::{fs, path::PathBuf, time::Duration};

use crate::support::{
    harness::{Netsplit, can_starve, eventually, processes_with, readme},
    machine::{Machine, THEIRS, killed_during, mark},
};

const NODES_ARGUMENT: &str = "netns:m1,netns:m2,netns:m3";

const FAULTS: [&str; 10] = [
    "partition",
    "flapping",
    "isolate",
    "cut-clients",
    "reject",
    "cut-port",
    "pause",
    "stutter",
    "starve",
    "open-files",
];

/// The cgroups of a run that are still there.
fn cgroups(run: &str) -> Vec<PathBuf> {
    let hierarchies = fs::read_dir("/sys/fs/cgroup").expect("cgroups");
    let hierarchies = hierarchies.map(|entry| entry.expect("an entry").path());
    let roots = hierarchies.chain([PathBuf::from("/sys/fs/cgroup")]).filter(|path| path.is_dir());
    let inside = |root: PathBuf| fs::read_dir(root).expect("a hierarchy");
    let groups = roots.flat_map(inside).map(|entry| entry.expect("an entry").path());
    groups.filter(|path| path.to_string_lossy().contains(run)).collect()
}

#[test]
fn what_a_dead_controller_left_is_undone() {
    let machine = Machine::new();
    let before = machine.rules();
    assert!(before.contains(THEIRS));
    for fault in FAULTS.into_iter().filter(|fault| can_starve() || *fault != "starve") {
        let netsplit = Netsplit::new().inside(machine.prefix());
        killed_during(&netsplit, &["--nodes", NODES_ARGUMENT], fault);
        let left = processes_with(&mark(&netsplit));
        assert_eq!(left.len(), 3, "the system outlives its controller");
        assert!(machine.rules().contains("NETSPLIT"));
        let run = netsplit.runs()[0].file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!(cgroups(&run).is_empty(), fault != "starve", "{:?}", cgroups(&run));
        if fault == "partition" {
            assert!(machine.rules().contains("-A NETSPLIT -s 10.77.0."), "{}", machine.rules());
        }
        netsplit.run(&readme("netsplit heal")).exits(0).says(fault);
        let is_gone =
            eventually(Duration::from_secs(5), || processes_with(&mark(&netsplit)).is_empty());
        assert!(is_gone, "the system is stopped");
        assert!(!std::env::temp_dir().join(format!("netsplit-{run}")).exists(), "no data is left");
        assert_eq!(machine.rules(), before, "rules are as they were");
        assert!(cgroups(&run).is_empty(), "{:?}", cgroups(&run));
        netsplit.run(&["heal"]).exits(0).says("nothing to undo");
    }
}

#[test]
fn nodes_that_clients_cannot_reach_never_pass() {
    let machine = Machine::new();
    machine.sh("ip addr del 10.77.0.254/24 dev br0");
    let netsplit = Netsplit::new().inside(machine.prefix());
    let run = ["run", "--nodes", NODES_ARGUMENT, "--setup-timeout", "2s"];
    netsplit.run(&run).exits(75).says("ERROR").says("m1");
    assert_eq!(netsplit.result()["verdict"]["reason"], "setup");
}

#[test]
fn nodes_of_ones_own_are_left_as_they_were() {
    let machine = Machine::new();
    let before = machine.rules();
    let netsplit = Netsplit::new().inside(machine.prefix());
    let more = ["--time-limit", "20s", "--fault-interval", "2s", "--op-timeout", "500ms"];
    let run = [&["run", "--nodes", NODES_ARGUMENT][..], &more].concat();
    netsplit.run(&run).exits(0).says("PASS");
    assert_eq!(machine.rules(), before);
    assert!(processes_with(&mark(&netsplit)).is_empty());
    netsplit.run(&["heal"]).exits(0).says("nothing to undo");
}
