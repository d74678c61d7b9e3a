//! How a node is reached: commands, files, processes, sockets.
//!
//! Everything netsplit does to a node goes through here, as an argument vector, never as a shell
//! string built by hand.
pub(crate) mod child;
mod docker;
pub mod marks;
pub mod namespace;
mod processes;
mod quote;
pub mod shell;
pub mod socket;
mod ssh;

use std::{
    ffi::OsStr,
    fs::File,
    net::IpAddr,
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use self::{namespace::Namespace, shell::Shell, socket::Socket};

/// A way to reach one node.
#[async_trait]
pub trait Remote: Send + Sync {
    /// Runs a command to its end, and returns what it printed and how it exited.
    ///
    /// # Errors
    /// When it could not be started, or had not ended at the deadline (it is killed then), or when
    /// nobody knows how it ended: it is never run a second time.
    async fn run(&self, job: Job<'_>) -> Result<Output>;

    /// Starts a program in a session of its own and returns its process id, which is also the id
    /// of its process group.
    ///
    /// # Errors
    /// When it could not be started.
    async fn spawn(&self, program: &Program) -> Result<i32>;

    /// Sends a signal to a process group.
    ///
    /// # Errors
    /// When it could not be sent; that nobody is there is no error.
    async fn signal(&self, group: i32, signal: nix::sys::signal::Signal) -> Result<()>;

    /// The processes of a group that still live, with the kernel's letter for what they do
    /// (`T`: stopped). The dead that nobody has buried do not count.
    ///
    /// # Errors
    /// When the node could not be asked.
    async fn processes(&self, group: i32) -> Result<Vec<ProcessState>>;

    /// A datagram socket on the node, at this address of its, used from here.
    ///
    /// # Errors
    /// When the node refuses one.
    async fn socket(&self, ip: IpAddr) -> Result<Socket>;

    /// Where the node is, so that another controller can find it again.
    fn address(&self) -> Address;

    /// Brings what spawned programs have printed so far into their logs, where it is not there
    /// already.
    ///
    /// # Errors
    /// When the node could not be asked.
    async fn collect_logs(&self) -> Result<()> {
        Ok(())
    }

    /// Runs a command with this standard input.
    ///
    /// # Errors
    /// As [`run`](Remote::run).
    async fn exec(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<Output> {
        let argv: Vec<&OsStr> = argv.iter().map(OsStr::new).collect();
        self.run(Job { argv: &argv, input: Input::Bytes(stdin), sink: Sink::Memory, deadline })
            .await
    }

    /// Runs a command that has to exit well, and gives what it printed.
    ///
    /// # Errors
    /// As [`run`](Remote::run), and what it said where it failed.
    async fn ask(&self, argv: &[&str], stdin: &[u8], deadline: Duration) -> Result<String> {
        let output = self.exec(argv, stdin, deadline).await?;
        succeeded(&output).with_context(|| format!("`{}` failed", argv.join(" ")))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Copies a file of the controller's to a path on the node, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be read here or written there.
    async fn upload(&self, from: &Path, to: &Path, deadline: Duration) -> Result<()> {
        let file =
            File::open(from).with_context(|| format!("failed to open {}", from.display()))?;
        let size = file.metadata()?.len().to_string();
        // A connection that is lost looks like the end of the file: hence the size.
        let put = "cat >\"$1.part\" && test \"$(wc -c <\"$1.part\")\" -eq \"$2\" && mv \"$1.part\" \"$1\"";
        let words = ["sh", "-c", put, "sh"].map(OsStr::new);
        let argv = [&words[..], &[to.as_os_str(), size.as_ref()]].concat();
        let job = Job { argv: &argv, input: Input::File(file), sink: Sink::Memory, deadline };
        succeeded(&self.run(job).await?)
            .with_context(|| format!("failed to copy {} to {}", from.display(), to.display()))
    }

    /// Copies a file of the node to a path of the controller's.
    ///
    /// # Errors
    /// When it cannot be read there or written here; what is here then is not the file.
    async fn download(&self, from: &Path, to: &Path, deadline: Duration) -> Result<()> {
        let file = File::create(to).with_context(|| format!("failed to make {}", to.display()))?;
        let argv = [OsStr::new("cat"), OsStr::new("--"), from.as_os_str()];
        let job = Job { argv: &argv, input: Input::Bytes(b""), sink: Sink::File(file), deadline };
        succeeded(&self.run(job).await?)
            .with_context(|| format!("failed to copy {} to {}", from.display(), to.display()))
    }
}

/// A command to run on a node.
pub struct Job<'a> {
    /// The program and its arguments: any bytes but NUL.
    pub argv: &'a [&'a OsStr],
    /// What it reads.
    pub input: Input<'a>,
    /// Where its standard output goes.
    pub sink: Sink,
    /// How long it may take.
    pub deadline: Duration,
}

/// What a command reads. That it does not read all of it is no error: its exit code tells.
pub enum Input<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// A file of the controller's.
    File(File),
}

/// Where a command's standard output goes.
pub enum Sink {
    /// Into [`Output::stdout`].
    Memory,
    /// Into a file of the controller's.
    File(File),
}

/// A program to run on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables added to its environment.
    pub env: Vec<(String, String)>,
    /// The controller's file that takes what it prints.
    pub log: PathBuf,
}

/// A live process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessState {
    /// Its id.
    pub pid: i32,
    /// The kernel's letter: `R` runs, `S` sleeps, `T` is stopped.
    pub letter: char,
}

/// Where a node is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Address {
    /// A namespace of a lab, which ends with its controller.
    Lab,
    /// Inside the controller: nothing of it is left behind.
    Nowhere,
    /// A network namespace that somebody made (`ip netns add NAME`).
    Netns {
        /// Its name.
        name: String,
    },
    /// A machine with an SSH server.
    Ssh {
        /// As `ssh` takes it: `root@10.0.0.1`, `ssh://root@host:2222`, a name in its configuration.
        destination: String,
        /// The configuration file to use in place of the user's own.
        config: Option<PathBuf>,
    },
    /// A container.
    Docker {
        /// Its name.
        container: String,
        /// The daemon that it is of, as `DOCKER_HOST` says it; Docker's usual one where absent.
        host: Option<String>,
    },
}

impl Address {
    /// Reaches the node once more; none where it ended with its controller or is gone, and
    /// everything on it too.
    ///
    /// # Errors
    /// When it exists, as far as anybody knows, and cannot be reached.
    pub async fn reach(&self) -> Result<Option<Arc<dyn Remote>>> {
        Ok(match self {
            Address::Lab | Address::Nowhere => None,
            Address::Netns { name } => match Namespace::named(name) {
                Ok(space) => Some(Arc::new(space)),
                Err(_) => None,
            },
            Address::Ssh { destination, config } => {
                Some(Arc::new(Shell::by_ssh(destination, config.as_deref()).await?))
            }
            Address::Docker { container, host } => {
                Some(Arc::new(Shell::in_container(container, host.as_deref()).await?))
            }
        })
    }
}

/// Fails with what the command said unless it exited well.
///
/// # Errors
/// What it said on standard error, and how it exited.
pub fn succeeded(output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    match said.trim() {
        "" => bail!("it said nothing ({})", output.status),
        said => bail!("it said: {said} ({})", output.status),
    }
}
