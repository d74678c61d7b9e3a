//! Nodes that outlive the controller: what it leaves behind when it is killed, `heal` undoes.
#[path = "support/harness.rs"]
mod harness;

use std::{
    fs,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use harness::{Netsplit, eventually, processes_with, readme};
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

/// A machine within the machine, with three network namespaces joined by a bridge. Its processes
/// are ordinary ones: they outlive whoever started them.
struct Machine {
    holder: Child,
}

const NODES: [&str; 3] = ["m1", "m2", "m3"];
/// Somebody else's rule, which must survive everything.
const THEIRS: &str = "-A INPUT -s 192.0.2.1/32 -j DROP";

impl Machine {
    fn new() -> Machine {
        let mut command = Command::new("unshare");
        if !nix::unistd::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--net", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /run && sleep 300"]);
        let holder = command.stdin(Stdio::null()).process_group(0).spawn().expect("a machine");
        let machine = Machine { holder };
        let is_up = || machine.sh("findmnt -n -o FSTYPE /run").contains("tmpfs");
        assert!(eventually(Duration::from_secs(10), is_up), "the machine is up");
        machine.sh("ip link set lo up");
        machine.sh("ip link add br0 type bridge && ip addr add 10.77.0.254/24 dev br0");
        machine.sh("ip link set br0 up");
        for (number, node) in NODES.iter().enumerate() {
            let number = number + 1;
            machine.sh(&format!(
                "ip netns add {node} && ip link add v{number} type veth peer name eth0 netns {node} \
                 && ip link set v{number} master br0 up && ip -n {node} link set lo up \
                 && ip -n {node} addr add 10.77.0.{number}/24 dev eth0 \
                 && ip -n {node} link set eth0 up && ip netns exec {node} iptables {THEIRS}"
            ));
        }
        machine
    }

    /// The words that put a command inside.
    fn prefix(&self) -> Vec<String> {
        let pid = self.holder.id().to_string();
        let mut words = vec!["nsenter", "-t", &pid, "-n", "-m"];
        if !nix::unistd::geteuid().is_root() {
            words.extend(["-U", "--preserve-credentials"]);
        }
        words.into_iter().map(str::to_owned).collect()
    }

    fn sh(&self, script: &str) -> String {
        let prefix = self.prefix();
        let output =
            Command::new(&prefix[0]).args(&prefix[1..]).args(["sh", "-c", script]).output();
        let output = output.expect("a command inside");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn rules(&self) -> String {
        let all = NODES.map(|node| self.sh(&format!("ip netns exec {node} iptables -S")));
        all.join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The shell and its `sleep`: a group of their own.
        let _ = killpg(Pid::from_raw(self.holder.id() as i32), Signal::SIGKILL);
        let _ = self.holder.wait();
    }
}

const NODES_ARGUMENT: &str = "netns:m1,netns:m2,netns:m3";

/// Starts a run, waits until this fault is in effect, and kills the controller.
fn killed_during(machine: &Machine, fault: &str) -> Netsplit {
    let netsplit = Netsplit::new().inside(machine.prefix());
    let mut run = netsplit.start(&[
        "run",
        "--nodes",
        NODES_ARGUMENT,
        "--faults",
        fault,
        "--fault-interval",
        "4s",
    ]);
    let history = || {
        let runs = netsplit.results.path().join("results").is_dir().then(|| netsplit.runs());
        let run = runs.unwrap_or_default().into_iter().next()?;
        fs::read_to_string(run.join("history.jsonl")).ok()
    };
    let has_struck = || history().unwrap_or_default().contains(r#""effective":true"#);
    assert!(eventually(Duration::from_secs(30), has_struck), "{fault} strikes");
    kill(Pid::from_raw(run.id() as i32), Signal::SIGKILL).expect("a signal");
    run.wait().expect("it is dead");
    netsplit
}

fn mark(netsplit: &Netsplit) -> String {
    let run = netsplit.runs()[0].file_name().expect("a name").to_string_lossy().into_owned();
    format!("NETSPLIT_RUN={run}")
}

#[test]
fn what_a_dead_controller_left_is_undone() {
    let machine = Machine::new();
    let before = machine.rules();
    assert!(before.contains(THEIRS));
    for fault in ["partition", "flapping", "pause", "stutter", "open-files"] {
        let netsplit = killed_during(&machine, fault);
        let left = processes_with(&mark(&netsplit));
        assert_eq!(left.len(), 3, "the system outlives its controller");
        assert!(machine.rules().contains("NETSPLIT"));
        if fault == "partition" {
            assert!(machine.rules().contains("-A NETSPLIT -s 10.77.0."), "{}", machine.rules());
        }
        netsplit.run(&readme("netsplit heal")).exits(0).says(fault);
        let is_gone =
            eventually(Duration::from_secs(5), || processes_with(&mark(&netsplit)).is_empty());
        assert!(is_gone, "the system is stopped");
        assert_eq!(machine.rules(), before, "rules are as they were");
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
