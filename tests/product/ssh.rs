//! Nodes that are machines with an SSH server: real servers, in network namespaces.
//!
//! An SSH server serves several users only as root, so these tests are root's.

use std::{path::Path, time::Duration};

use crate::support::{
    harness::{Netsplit, can_starve, eventually, processes_with, readme},
    machine::{Machine, killed_during, mark},
    sshd::Servers,
    vdso::lied_to,
};

const CLOCKS: &str = "clock-bump,clock-drift,clock-strobe";

const NODES: &str = "ssh:root@10.0.0.1,ssh:root@10.0.0.2,ssh:root@10.0.0.3";

/// The same machines, as namespaces of this one.
const NETNS: &str = "netns:m1,netns:m2,netns:m3";

/// Whether the tests can run here; says so where they cannot.
fn is_root() -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        eprintln!("not tested: only root can start SSH servers that others log in to");
    }
    is_root
}

/// Where a run keeps what is its own on the node of that name.
fn home(netsplit: &Netsplit) -> std::path::PathBuf {
    let run = netsplit.runs()[0].file_name().expect("a name").to_string_lossy().into_owned();
    Path::new("/tmp").join(format!("netsplit-{run}"))
}

fn config(servers: &Servers) -> String {
    servers.config().display().to_string()
}

#[test]
fn the_same_tests_run_over_ssh_and_nodes_are_left_as_they_were() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let servers = Servers::start(&machine);
    // Addresses that lead to no other node.
    machine.sh("for n in 1 2 3; do ip -n m$n addr add fd77::$n/128 dev eth0 nodad; done");
    let before = machine.rules();
    let netsplit = Netsplit::new().inside(machine.prefix());
    let run = readme("netsplit run --nodes ssh:root@10.0.0.1,ssh:root@10.0.0.2,ssh:root@10.0.0.3");
    assert_eq!(run[2], NODES);
    let config = config(&servers);
    let more = ["--ssh-config", &config, "--seed", "1", "--time-limit", "40s"];
    let times = ["--fault-interval", "2s", "--op-timeout", "300ms"];
    netsplit.run(&[&run[..], &more, &times].concat()).exits(0).says("PASS");
    assert!(netsplit.latest("run.log").contains("not all nodes reach each other by IPv6"));
    let faults = netsplit.faults();
    assert!(faults.iter().all(|f| f.effective && f.healed_ns.is_some()), "{faults:?}");
    for name in ["partition", "kill", "pause"] {
        assert!(faults.iter().any(|fault| fault.fault == name), "{name}: {faults:?}");
    }
    assert_eq!(machine.rules(), before);
    assert!(processes_with(&mark(&netsplit)).is_empty());
    assert!(!home(&netsplit).exists(), "nothing of the run is left");
    let log = netsplit.runs()[0].join("nodes/10.0.0.1/quorum.log");
    assert!(log.is_file(), "logs are here");
    netsplit.run(&["heal"]).exits(0).says("nothing to undo");
}

#[test]
fn clocks_of_hosts_lie_to_the_system_alone_and_are_put_right() {
    if !is_root() {
        return;
    }
    let start = std::time::Instant::now();
    let epoch = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.expect("after 1970").as_secs_f64() - start.elapsed().as_secs_f64()
    };
    let before = epoch();
    let machine = Machine::new();
    let servers = Servers::start(&machine);
    let netsplit = Netsplit::new().inside(machine.prefix());
    let run = ["run", "--nodes", NODES, "--faults", CLOCKS, "--ssh-config", &config(&servers)];
    let more = ["--time-limit", "30s", "--fault-interval", "2s"];
    netsplit.run(&[&run[..], &more].concat()).exits(0).says("PASS");
    let struck = netsplit.faults();
    for name in CLOCKS.split(',') {
        assert!(struck.iter().any(|it| it.fault == name), "{name}: {struck:?}");
    }
    for window in &struck {
        assert!(window.effective && window.healed_ns.is_some(), "{window:?}");
        for node in &window.nodes {
            let [during, after] = ["during", "after"].map(|when| &window.evidence[when][node]);
            assert_eq!((&during["processes"], &during["fits"]), (&1.into(), &true.into()));
            if window.fault == "clock-bump" {
                let ahead = during["ahead_ms"][0].as_f64().expect("an offset").round();
                assert_eq!(window.hurt[node], format!("{ahead:+}ms"));
            }
            assert_eq!(after["ahead_ms"][0].as_f64().map(f64::round), Some(0.0));
            assert_eq!(after["others"], serde_json::json!([]));
        }
    }
    let moved = epoch() - before;
    assert!(moved.abs() < 0.1, "the machine's clock was moved by {moved} s");
}

#[test]
fn files_of_hosts_are_damaged_too() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let servers = Servers::start(&machine);
    let config = config(&servers);
    for nodes in [&["--nodes", NODES, "--ssh-config", &config][..], &["--nodes", NETNS]] {
        let netsplit = Netsplit::new().inside(machine.prefix());
        let damage = ["--faults", "flip-bits,lose-writes,wipe", "--fault-interval", "2s"];
        let ended = netsplit.run(&[&["run"], nodes, &damage, &["--time-limit", "25s"]].concat());
        // What the system makes of it is another matter.
        assert!([0, 1].contains(&ended.code), "{}", ended.stdout);
        let struck = netsplit.faults();
        for name in ["flip-bits", "lose-writes", "wipe"] {
            assert!(struck.iter().any(|it| it.fault == name), "{name}: {struck:?}");
        }
        assert!(struck.iter().all(|it| it.effective && it.healed_ns.is_some()), "{struck:?}");
        assert!(!home(&netsplit).exists(), "nothing of the run is left");
    }
}

#[test]
fn what_a_dead_controller_left_on_hosts_is_undone() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let servers = Servers::start(&machine);
    let before = machine.rules();
    for fault in ["partition", "isolate", "pause", "clock-bump"] {
        let netsplit = Netsplit::new().inside(machine.prefix());
        let nodes = ["--nodes", NODES, "--ssh-config", &config(&servers)];
        killed_during(&netsplit, &nodes, fault);
        let another = Netsplit::new().inside(machine.prefix());
        another.run(&[&["run"], &nodes[..]].concat()).exits(75).says("another run uses it");
        assert!(processes_with(&mark(&netsplit)).len() >= 3, "the system outlives its controller");
        let is_cut = machine.rules().contains("-A NETSPLIT -s 10.77.0.");
        let cuts = ["partition", "isolate"].contains(&fault);
        assert_eq!(is_cut, cuts, "{}", machine.rules());
        let lied_to = lied_to(&processes_with(&mark(&netsplit)));
        assert_eq!(!lied_to.is_empty(), fault == "clock-bump", "{lied_to:?}");
        netsplit.run(&["heal"]).exits(0).says(fault);
        let is_gone =
            eventually(Duration::from_secs(5), || processes_with(&mark(&netsplit)).is_empty());
        assert!(is_gone, "the system is stopped");
        assert_eq!(machine.rules(), before, "rules are as they were");
        assert!(!home(&netsplit).exists(), "nothing of the run is left");
        netsplit.run(&["heal"]).exits(0).says("nothing to undo");
    }
}

#[test]
fn hosts_that_hear_nothing_of_their_controller_undo_what_it_did() {
    if !is_root() {
        return;
    }
    // All of them at once: each hears nothing for a minute.
    let hurt = ["partition", "clock-bump"].map(|fault| {
        let machine = Machine::new();
        let servers = Servers::start(&machine);
        let before = machine.rules();
        let netsplit = Netsplit::new().inside(machine.prefix());
        let nodes = ["--nodes", NODES, "--ssh-config", &config(&servers)];
        killed_during(&netsplit, &nodes, fault);
        let is_cut = machine.rules().contains("-A NETSPLIT -s 10.77.0.");
        assert_eq!(is_cut, fault == "partition", "{}", machine.rules());
        let lied_to = lied_to(&processes_with(&mark(&netsplit)));
        assert_eq!(!lied_to.is_empty(), fault == "clock-bump", "{lied_to:?}");
        (machine, servers, before, netsplit)
    });
    for (machine, _servers, before, netsplit) in &hurt {
        let is_mended = eventually(Duration::from_secs(120), || machine.rules() == *before);
        assert!(is_mended, "{}", machine.rules());
        let system = || processes_with(&mark(netsplit));
        let is_right = eventually(Duration::from_secs(10), || lied_to(&system()).is_empty());
        assert!(is_right, "{:?}", lied_to(&system()));
        assert!(system().len() >= 3, "the system lives");
        netsplit.run(&["heal"]).exits(0).says("daemons");
        assert!(!home(netsplit).exists(), "nothing of the run is left");
    }
}

#[test]
fn other_systems_run_where_they_are_installed() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let servers = Servers::start(&machine);
    let before = machine.rules();
    let netsplit = Netsplit::new().inside(machine.prefix());
    let run = ["run", "--nodes", NODES, "--system", "etcd", "--op-timeout", "500ms"];
    let more = ["--ssh-config", &config(&servers), "--time-limit", "20s", "--faults", "kill"];
    netsplit.run(&[&run[..], &more].concat()).exits(0).says("PASS");
    assert!(netsplit.result()["system"]["version"].is_string(), "the nodes' own version");
    assert_eq!(machine.rules(), before);
}

#[test]
fn faults_that_machines_cannot_have_are_left_out_and_all_others_strike() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let servers = Servers::start(&machine);
    let netsplit = Netsplit::new().inside(machine.prefix());
    let run = ["run", "--nodes", NODES, "--faults", "all", "--fault-interval", "1s"];
    let more = ["--ssh-config", &config(&servers), "--time-limit", "120s"];
    let ended = netsplit.run(&[&run[..], &more].concat());
    ended.exits(0).says("the fault disk-full is left out");
    let is_starved = netsplit.faults().iter().any(|it| it.fault == "starve");
    assert_eq!(is_starved, can_starve());
    netsplit.run(&["check", "latest"]).exits(0);
}

#[test]
fn who_cannot_be_reached_is_named_with_what_to_do() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    // A program that nobody has is hidden from the nodes where somebody has it.
    machine.sh("for etcd in $(command -v etcd); do mount --bind /dev/null $etcd; done");
    let servers = Servers::start(&machine);
    let netsplit = Netsplit::new().inside(machine.prefix());
    let config = config(&servers);
    let run = |nodes: &str, more: &[&str]| {
        netsplit.run(&[&["run", "--ssh-config", &config, "--nodes", nodes], more].concat())
    };
    run(NODES, &["--system", "etcd"]).exits(75).says("etcd").says("apt-get install etcd-server");
    run("ssh:root@10.77.0.9", &[]).exits(75).says("No route to host").says("10.77.0.9 true");
    servers.take_key(&machine);
    run(NODES, &[]).exits(75).says("Permission denied").says("ssh-copy-id");
    servers.forget_hosts(&machine);
    run(NODES, &[]).exits(75).says("Host key verification failed").says("compare the host's key");
    assert!(!machine.rules().contains("NETSPLIT"), "nothing was changed");
}
