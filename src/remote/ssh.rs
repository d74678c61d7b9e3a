//! A node that is a machine with an SSH server, reached by OpenSSH's own client: the user's
//! configuration, keys, agent, known hosts and jump hosts count as they do at the prompt. Commands
//! share one connection (`ControlMaster`), and the login shell, a POSIX shell, reads them.
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdin, Command},
    sync::Mutex,
    time::timeout,
};

use super::{Address, shell::Way};

pub(super) struct Connection {
    destination: String,
    config: Option<PathBuf>,
    /// Ours alone: it holds the sockets by which commands find the connection.
    directory: TempDir,
    master: Mutex<Option<Master>>,
    /// How many connections there have been.
    count: AtomicU32,
}

/// The process that holds the connection.
struct Master {
    child: Child,
    /// Its session on the node ends with this pipe, and it with its session: so it does not
    /// outlive us, however we end.
    _lifeline: ChildStdin,
    socket: PathBuf,
}

/// How long connecting may take, with all jumps.
const CONNECT: Duration = Duration::from_secs(30);

/// How long a lost connection may take to be known as lost, once a command was.
const SETTLE: Duration = Duration::from_secs(1);

/// What the session of the connection does: it proves that commands run and print nothing else.
const SESSION: &str = "echo netsplit && exec cat >/dev/null";

impl Connection {
    pub(super) async fn open(destination: &str, config: Option<&Path>) -> Result<Connection> {
        ensure!(
            !destination.is_empty() && !destination.starts_with('-'),
            "{destination:?} is no SSH destination: write user@host, or a name in ~/.ssh/config"
        );
        let directory = tempfile::Builder::new().prefix("netsplit-ssh-").tempdir();
        let connection = Connection {
            destination: destination.to_owned(),
            config: config.map(Path::to_owned),
            directory: directory.context("failed to make a directory for SSH's sockets")?,
            master: Mutex::new(None),
            count: AtomicU32::new(0),
        };
        connection.session().await?;
        Ok(connection)
    }

    fn ssh(&self, socket: &Path) -> Command {
        let mut command = Command::new("ssh");
        // In a group of its own: Ctrl-C is for us, who still need the connection to heal.
        command.process_group(0);
        if let Some(config) = &self.config {
            command.arg("-F").arg(config);
        }
        command.args(["-T", "-o", "BatchMode=yes", "-o", "ClearAllForwardings=yes"]);
        command.args(["-o", "RemoteCommand=none"]).arg("-S").arg(socket);
        command
    }

    async fn connect(&self) -> Result<Master> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let socket = self.directory.path().join(number.to_string());
        let said = self.directory.path().join("said");
        let mut command = self.ssh(&socket);
        command.args(["-M", "-o", "ControlPersist=no", "-o", "ConnectTimeout=10"]);
        // A connection that is dead is known to be so within 15 s.
        command.args(["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]);
        command.args(["--", &self.destination, SESSION]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&said)?);
        command.kill_on_drop(true);
        let child = command.spawn();
        let mut child =
            child.context("failed to run `ssh`: type `apt-get install openssh-client`")?;
        let lifeline = child.stdin.take().context("no pipe to ssh")?;
        let stdout = child.stdout.take().context("no pipe from ssh")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = timeout(CONNECT, lines.next_line()).await;
        let said = || fs::read_to_string(&said).unwrap_or_default();
        match first {
            Ok(Ok(Some(line))) if line == "netsplit" => {
                Ok(Master { child, _lifeline: lifeline, socket })
            }
            Ok(Ok(Some(line))) => bail!(
                "{} greets even commands, with {line:?}: let its shell's start-up files be silent \
                 where no terminal is",
                self.destination
            ),
            Ok(_) => bail!("cannot reach {}: {}", self.destination, self.advise(said().trim())),
            Err(_) => {
                let why = format!("nothing within {CONNECT:?}; {}", said().trim());
                bail!("cannot reach {}: {}", self.destination, self.advise(&why))
            }
        }
    }

    /// What `ssh` said, and the next step.
    fn advise(&self, said: &str) -> String {
        let config = self.config.as_ref().map(|path| format!("-F {} ", path.display()));
        let target = format!("{}{}", config.unwrap_or_default(), self.destination);
        let step = if said.contains("Host key verification failed") {
            format!("type `ssh {target}` once, compare the host's key, and accept it")
        } else if said.contains("Permission denied") {
            format!(
                "let it in with a key: `ssh-copy-id {target}`, or `IdentityFile` in the SSH \
                 configuration, or `ssh-add`"
            )
        } else {
            format!("find out why `ssh {target} true` does not work")
        };
        format!("{said}\n{step}")
    }
}

#[async_trait]
impl Way for Connection {
    /// A client that shares the connection, which is made anew where it was lost. What is to run
    /// on the node is the next argument.
    async fn session(&self) -> Result<Command> {
        let mut master = self.master.lock().await;
        let lives = master.as_mut().is_some_and(|m| matches!(m.child.try_wait(), Ok(None)));
        if !lives {
            *master = Some(self.connect().await?);
        }
        let socket = &master.as_ref().context("there is a connection")?.socket;
        let mut command = self.ssh(socket);
        // Where it cannot share, it must not connect by itself: that would hide a lost connection.
        command.args([
            "-o",
            "ControlMaster=no",
            "-o",
            "ProxyCommand=false",
            "-o",
            "LogLevel=ERROR",
        ]);
        command.args(["--", &self.destination]);
        Ok(command)
    }

    /// Gives the connection the time to end too.
    async fn settle(&self) {
        if let Some(master) = self.master.lock().await.as_mut() {
            // It may well live: then it was the command's session alone that ended.
            let _ = timeout(SETTLE, master.child.wait()).await;
        }
    }

    fn destination(&self) -> &str {
        &self.destination
    }

    fn address(&self) -> Address {
        Address::Ssh { destination: self.destination.clone(), config: self.config.clone() }
    }
}
