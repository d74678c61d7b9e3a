//! Runs the real netsplit, as a user would.
use std::{
    fs,
    io::Read,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use netsplit::result::FaultWindow;
use serde_json::Value;

/// A directory for runs, and the program to run.
pub(crate) struct Netsplit {
    pub(crate) results: tempfile::TempDir,
    program: PathBuf,
    user: Option<u32>,
    env: Vec<(String, String)>,
    prefix: Vec<String>,
}

/// What a run ended with.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Netsplit {
    pub(crate) fn new() -> Netsplit {
        Netsplit {
            results: tempfile::tempdir().expect("a directory"),
            program: env!("CARGO_BIN_EXE_netsplit").into(),
            user: None,
            env: Vec::new(),
            prefix: Vec::new(),
        }
    }

    /// The same as a user without any right, where the tests run as root.
    pub(crate) fn unprivileged() -> Netsplit {
        const NOBODY: u32 = 65534;
        let mut netsplit = Netsplit::new();
        if nix::unistd::geteuid().is_root() {
            let home = netsplit.results.path();
            // The build directory may be closed to others.
            let copy = home.join("netsplit");
            fs::copy(&netsplit.program, &copy).expect("a copy of the program");
            for path in [home, &copy] {
                fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("open to all");
            }
            std::os::unix::fs::chown(home, Some(NOBODY), Some(NOBODY)).expect("a new owner");
            netsplit.program = copy;
            netsplit.user = Some(NOBODY);
        }
        netsplit
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Netsplit {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Run by these words, which lead elsewhere.
    pub(crate) fn inside(mut self, prefix: Vec<String>) -> Netsplit {
        self.prefix = prefix;
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let words = self.prefix.iter().map(PathBuf::from).chain([self.program.clone()]);
        let words: Vec<PathBuf> = words.collect();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(arguments);
        command.env("NETSPLIT_OUT", self.results.path().join("results"));
        command.envs(self.env.iter().map(|(k, v)| (k, v)));
        command.current_dir(self.results.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("netsplit runs");
        ended(&output)
    }

    /// Runs it with this on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ended {
        use std::io::Write;
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("it starts");
        child.stdin.take().expect("a pipe").write_all(input).expect("input is taken");
        ended(&child.wait_with_output().expect("it ends"))
    }

    /// Starts it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("netsplit starts")
    }

    /// A file of the latest run.
    pub(crate) fn latest(&self, file: &str) -> String {
        let path = self.results.path().join("results/latest").join(file);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// The latest run's `result.json`.
    pub(crate) fn result(&self) -> Value {
        serde_json::from_str(&self.latest("result.json")).expect("JSON")
    }

    /// What the nemesis did in the latest run.
    pub(crate) fn faults(&self) -> Vec<FaultWindow> {
        let mut schedule: Value =
            serde_json::from_str(&self.latest("schedule.json")).expect("JSON");
        serde_json::from_value(schedule["faults"].take()).expect("faults")
    }

    /// The directories of the runs.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.results.path().join("results")).expect("results");
        let paths = entries.map(|e| e.expect("an entry").path());
        paths.filter(|p| !p.is_symlink()).collect()
    }
}

/// A test that fails leaves nothing running either.
impl Drop for Netsplit {
    fn drop(&mut self) {
        let mark = format!("NETSPLIT_OUT={}", self.results.path().join("results").display());
        for pid in processes_with(&mark) {
            let pid = nix::unistd::Pid::from_raw(pid);
            // It may have ended meanwhile.
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        }
    }
}

fn ended(output: &Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ended {
    /// Fails with everything that was said unless it exited so.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Ended {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless this was said, on either stream.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Ended {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(text), "`{text}` was not said:\n{all}");
        self
    }
}

/// Whether a cgroup with a quota can be made here; says so where it cannot.
pub(crate) fn can_starve() -> bool {
    let can_in = |root: &str| {
        let group = Path::new(root).join(format!("netsplit-test-{}", std::process::id()));
        let is_made = fs::create_dir(&group).is_ok();
        let has_quota = ["cpu.max", "cpu.cfs_quota_us"].iter().any(|it| group.join(it).exists());
        is_made && fs::remove_dir(&group).is_ok() && has_quota
    };
    let can = ["/sys/fs/cgroup", "/sys/fs/cgroup/cpu"].into_iter().any(can_in);
    if !can {
        eprintln!("starve is not tested: no cgroup with a quota can be made here");
    }
    can
}

/// Asks again and again until it is so, for at most so long.
pub(crate) fn eventually(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    is_so()
}

/// Every process of this machine that carries this in its environment.
pub(crate) fn processes_with(mark: &str) -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc");
    let pids = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let has_mark = |pid: &i32| {
        let mut environ = Vec::new();
        let file = fs::File::open(format!("/proc/{pid}/environ"));
        let read = file.and_then(|mut f| f.read_to_end(&mut environ));
        read.is_ok() && environ.split(|&b| b == 0).any(|v| v == mark.as_bytes())
    };
    pids.filter(has_mark).collect()
}

/// A node alone, time and again: who asks only that one gets old answers, without any luck.
pub(crate) const ALONE: [&str; 6] =
    ["--faults", "partition", "--partition", "one", "--fault-interval", "2s"];

/// A command of the README, without its `netsplit`: fails where the README does not have it.
#[track_caller]
pub(crate) fn readme(command: &str) -> Vec<&str> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(path).expect("a README");
    assert!(text.lines().any(|l| l.trim() == command), "the README does not have `{command}`");
    let words = command.split_whitespace().skip_while(|w| *w != "netsplit" && *w != "--");
    words.skip(1).collect()
}
