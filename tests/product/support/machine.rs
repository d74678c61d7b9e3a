//! A machine within the machine, for nodes that outlive a run.
use std::{
    fs,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

use crate::support::harness::{Netsplit, eventually};

/// A machine within the machine, with three network namespaces joined by a bridge. Its processes
/// are ordinary ones: they outlive whoever started them.
pub(crate) struct Machine {
    holder: Child,
}

pub(crate) const NODES: [&str; 3] = ["m1", "m2", "m3"];
/// Somebody else's rule, which must survive everything.
pub(crate) const THEIRS: &str = "-A INPUT -s 192.0.2.1/32 -j DROP";

impl Machine {
    pub(crate) fn new() -> Machine {
        let mut command = Command::new("unshare");
        if !nix::unistd::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--net", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /run && sleep 900"]);
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
    pub(crate) fn prefix(&self) -> Vec<String> {
        let pid = self.holder.id().to_string();
        let mut words = vec!["nsenter", "-t", &pid, "-n", "-m"];
        if !nix::unistd::geteuid().is_root() {
            words.extend(["-U", "--preserve-credentials"]);
        }
        words.into_iter().map(str::to_owned).collect()
    }

    pub(crate) fn sh(&self, script: &str) -> String {
        let prefix = self.prefix();
        let output =
            Command::new(&prefix[0]).args(&prefix[1..]).args(["sh", "-c", script]).output();
        let output = output.expect("a command inside");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn rules(&self) -> String {
        let both = |node| {
            self.sh(&format!("ip netns exec {node} iptables -S; ip netns exec {node} ip6tables -S"))
        };
        NODES.map(both).join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The shell and its `sleep`: a group of their own.
        let _ = killpg(Pid::from_raw(self.holder.id() as i32), Signal::SIGKILL);
        let _ = self.holder.wait();
    }
}

/// Starts a run, waits until this fault is in effect, and kills the controller.
pub(crate) fn killed_during(netsplit: &Netsplit, nodes: &[&str], fault: &str) {
    let faults = ["--faults", fault, "--fault-interval", "4s"];
    let mut run = netsplit.start(&[&["run"], nodes, &faults].concat());
    let history = || {
        let runs = netsplit.results.path().join("results").is_dir().then(|| netsplit.runs());
        let run = runs.unwrap_or_default().into_iter().next()?;
        fs::read_to_string(run.join("history.jsonl")).ok()
    };
    let has_struck = || history().unwrap_or_default().contains(r#""effective":true"#);
    assert!(eventually(Duration::from_secs(60), has_struck), "{fault} strikes");
    kill(Pid::from_raw(run.id() as i32), Signal::SIGKILL).expect("a signal");
    run.wait().expect("it is dead");
}

/// What marks the processes of the only run.
pub(crate) fn mark(netsplit: &Netsplit) -> String {
    let run = netsplit.runs()[0].file_name().expect("a name").to_string_lossy().into_owned();
    format!("NETSPLIT_RUN={run}")
}
