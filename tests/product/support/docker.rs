//! Docker on a machine within the machine, with containers that see this machine's programs.
use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::support::{harness::eventually, machine::Machine};

/// A daemon, and containers `d1`, `d2` and so on.
pub(crate) struct Docker {
    directory: tempfile::TempDir,
    daemon: Child,
    containers: usize,
}

impl Docker {
    /// Starts it all. What is in [`Docker::directory`] is there in every container too.
    pub(crate) fn start(machine: &Machine, containers: usize) -> Docker {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |file: &str| directory.path().join(file).display().to_string();
        let mut words = machine.prefix();
        // It ends with whoever started it, however that ends.
        words.extend(["setpriv", "--pdeathsig", "TERM", "dockerd"].map(str::to_owned));
        for (option, file) in [("data-root", "data"), ("exec-root", "exec"), ("pidfile", "pid")] {
            words.extend([format!("--{option}"), at(file)]);
        }
        words.extend(["--host".to_owned(), format!("unix://{}", at("socket"))]);
        let log = fs::File::create(at("log")).expect("a log");
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let daemon = command.spawn().expect("dockerd starts");
        let docker = Docker { directory, daemon, containers };
        let is_up = || docker.command(&["version"]).status().is_ok_and(|it| it.success());
        let log = || fs::read_to_string(docker.directory.path().join("log")).unwrap_or_default();
        assert!(eventually(Duration::from_secs(60), is_up), "dockerd is up: {}", log());
        docker.make_image();
        for number in 1..=containers {
            docker.run_container(number);
        }
        docker
    }

    /// An image of next to nothing: what it lacks is mounted.
    fn make_image(&self) {
        let root = self.directory.path().join("root");
        for directory in ["usr", "etc/alternatives", "proc", "sys", "dev", "tmp", "run", "var"] {
            fs::create_dir_all(root.join(directory)).expect("a directory");
        }
        for link in ["bin", "sbin", "lib", "lib64"] {
            symlink(format!("usr/{link}"), root.join(link)).expect("a link");
        }
        let image = self.directory.path().join("image.tar");
        let mut tar = Command::new("tar");
        tar.arg("-cf").arg(&image).arg("-C").arg(&root).arg(".");
        assert!(tar.status().expect("tar runs").success());
        self.docker(&["import", &image.display().to_string(), "nodes"]);
    }

    fn run_container(&self, number: usize) {
        let name = format!("d{number}");
        let shared = format!("{0}:{0}", self.directory().display());
        let mut words = vec!["run", "--detach", "--name", &name, "--cap-add", "NET_ADMIN"];
        for volume in ["/usr:/usr:ro", "/etc/alternatives:/etc/alternatives:ro", &shared] {
            words.extend(["--volume", volume]);
        }
        words.extend(["nodes", "sleep", "900"]);
        self.docker(&words);
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(["--host", &self.host()]).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What a command of Docker's says, which has to succeed.
    pub(crate) fn docker(&self, words: &[&str]) -> String {
        let output = self.command(words).output().expect("docker runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Where its daemon listens, as `DOCKER_HOST` says it.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}/socket", self.directory.path().display())
    }

    /// A directory that its containers share with this machine.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        for number in 1..=self.containers {
            let _ = self.command(&["rm", "--force", &format!("d{number}")]).output();
        }
        let _ = kill(Pid::from_raw(self.daemon.id() as i32), Signal::SIGTERM);
        let _ = self.daemon.wait();
    }
}
