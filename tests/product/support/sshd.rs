//! SSH servers on the nodes of a machine within the machine, with keys of their own.
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::support::{
    harness::eventually,
    machine::{Machine, NODES},
};

/// A server a node, and all that a client needs to be let in.
pub(crate) struct Servers {
    directory: tempfile::TempDir,
    running: Vec<Child>,
}

impl Servers {
    /// Keys and configurations, for servers and clients. No server runs yet.
    pub(crate) fn configured(machine: &Machine) -> Servers {
        let servers =
            Servers { directory: tempfile::tempdir().expect("a directory"), running: Vec::new() };
        machine.sh("mkdir -p /run/sshd");
        for key in ["host", "user"] {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(servers.path(key));
            assert!(command.status().expect("ssh-keygen runs").success());
        }
        let host = fs::read_to_string(servers.path("host.pub")).expect("a key");
        let [known, strict, users] = ["known", "host", "user.pub"].map(|file| servers.path(file));
        fs::write(&known, format!("10.77.0.* {host}inside {host}")).expect("known hosts");
        // A level of shells that makes bash skip the start-up files of whoever runs the tests.
        let server = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n\
             PermitRootLogin prohibit-password\nSetEnv SHLVL=2\nLogLevel ERROR\n",
            strict.display(),
            users.display()
        );
        fs::write(servers.path("sshd_config"), server).expect("a configuration");
        servers.write_client(machine, "user", "known");
        servers
    }

    /// The same, with a server on every node.
    pub(crate) fn start(machine: &Machine) -> Servers {
        let mut servers = Servers::configured(machine);
        for (number, node) in NODES.iter().enumerate() {
            let mut words = machine.prefix();
            // Unlike `ip netns exec`, which would hide the machine's cgroups.
            words.extend(["nsenter".to_owned(), format!("--net=/run/netns/{node}")]);
            words.extend(servers.sshd("-D"));
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).stdin(Stdio::null()).stderr(Stdio::null());
            servers.running.push(command.spawn().expect("sshd starts"));
            let listens = format!("ip netns exec {node} ss -Hltn 'sport = 22'");
            let is_up = || machine.sh(&listens).contains(":22");
            assert!(eventually(Duration::from_secs(10), is_up), "{node} ({number}) serves SSH");
        }
        servers
    }

    fn sshd(&self, way: &str) -> [String; 4] {
        let config = self.path("sshd_config").display().to_string();
        ["/usr/sbin/sshd".to_owned(), way.to_owned(), "-f".to_owned(), config]
    }

    /// The client's configuration: `10.0.0.N` is the node `N`; `inside` a server without a net.
    fn write_client(&self, machine: &Machine, key: &str, known: &str) {
        let mut text = String::new();
        for number in 1..=NODES.len() {
            text += &format!("Host 10.0.0.{number}\n  HostName 10.77.0.{number}\n");
        }
        let proxy = [&machine.prefix()[..], &self.sshd("-i")].concat().join(" ");
        text += &format!(
            "Host inside\n  ProxyCommand {proxy}\n\
             Host *\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  \
             GlobalKnownHostsFile none\n  StrictHostKeyChecking yes\n",
            self.path(key).display(),
            self.path(known).display()
        );
        fs::write(self.path("config"), text).expect("a configuration");
    }

    /// A client that knows no host.
    pub(crate) fn forget_hosts(&self, machine: &Machine) {
        self.write_client(machine, "user", "nobody");
    }

    /// A client with a key that no server has heard of.
    pub(crate) fn take_key(&self, machine: &Machine) {
        self.write_client(machine, "host", "known");
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// The client's configuration.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("config")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in &mut self.running {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
