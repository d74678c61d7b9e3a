//! Nodes that are containers: a real Docker, in a network namespace of its own.

use crate::support::{
    docker::Docker,
    harness::{Netsplit, readme},
    machine::{Machine, killed_during},
};

const NODES: &str = "docker:d1,docker:d2,docker:d3";

/// A node's rules, the files of runs on it, and their daemons that live.
fn state_of(docker: &Docker, container: &str) -> String {
    let look = "iptables -S; ls -A /tmp; readlink /proc/[0-9]*/exe | grep -e etcd -e netsplit; :";
    docker.docker(&["exec", container, "sh", "-c", look])
}

#[test]
fn the_same_tests_run_in_containers_and_they_are_left_as_they_were() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("not tested: only root can start Docker");
        return;
    }
    let machine = Machine::new();
    let docker = Docker::start(&machine, 3);
    let before = state_of(&docker, "d1");
    let netsplit = || Netsplit::new().inside(machine.prefix()).env("DOCKER_HOST", docker.host());
    let containers = netsplit();
    let run = readme("netsplit run --nodes docker:d1,docker:d2,docker:d3");
    assert_eq!(run[2], NODES);
    let more = ["--system", "etcd", "--faults", "kill,pause,partition,clock-bump"];
    let times = ["--time-limit", "40s", "--fault-interval", "2s", "--op-timeout", "500ms"];
    containers.run(&[&run[..], &more, &times].concat()).exits(0).says("PASS");
    let struck = containers.faults();
    for name in ["kill", "pause", "partition", "clock-bump"] {
        assert!(struck.iter().any(|it| it.fault == name), "{name}: {struck:?}");
    }
    assert!(struck.iter().all(|it| it.effective && it.healed_ns.is_some()), "{struck:?}");
    assert_eq!(state_of(&docker, "d1"), before);

    let killed = netsplit();
    killed_during(&killed, &["--nodes", NODES], "partition");
    assert!(state_of(&docker, "d1").contains("NETSPLIT"));
    killed.run(&["heal"]).exits(0).says("partition");
    assert_eq!(state_of(&docker, "d1"), before);

    netsplit().run(&["run", "--nodes", "docker:nobody"]).exits(75).says("no container nobody");
}
