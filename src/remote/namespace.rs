//! A node that is a set of namespaces on this machine.
use std::{
    ffi::OsStr,
    fs::File,
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    os::{fd::AsFd, unix::process::CommandExt},
    path::Path,
    process::{Output, Stdio},
};

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use nix::{
    errno::Errno,
    sched::{CloneFlags, setns},
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::process::Command;

use super::{
    Address, Job, ProcessState, Program, Remote, child, processes,
    socket::{self, Socket},
};
use crate::net::tun;

/// Namespaces, held open; they live as long as this does, or anything in them.
pub struct Namespace {
    net: File,
    others: Vec<(File, CloneFlags)>,
    address: Address,
}

impl Namespace {
    /// The network namespace at `path`, with others of its own where the node has them.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(
        path: &Path,
        others: Vec<(File, CloneFlags)>,
        address: Address,
    ) -> Result<Namespace> {
        let net = File::open(path)
            .with_context(|| format!("failed to open the network namespace {}", path.display()))?;
        Ok(Namespace { net, others, address })
    }

    /// The network namespace called `name` (`ip netns add NAME`).
    ///
    /// # Errors
    /// When there is none, or it may not be opened.
    pub fn named(name: &str) -> Result<Namespace> {
        let address = Address::Netns { name: name.to_owned() };
        Namespace::open(&Path::new("/run/netns").join(name), Vec::new(), address)
    }

    /// A socket on the node, used from here: it belongs to the namespace that it was made in.
    ///
    /// # Errors
    /// When the address is not the node's.
    fn udp(&self, address: SocketAddr) -> Result<UdpSocket> {
        let net = self.net.try_clone()?;
        // A thread of its own, which ends: threads of the runtime must stay where they are.
        let bind = move || -> io::Result<UdpSocket> {
            setns(net.as_fd(), CloneFlags::CLONE_NEWNET)?;
            UdpSocket::bind(address)
        };
        let bound = std::thread::spawn(bind).join().map_err(|_| anyhow!("the thread panicked"))?;
        bound.with_context(|| format!("failed to bind {address} in the node"))
    }

    /// A TUN device on the node, used from here.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn tun(&self, name: &str) -> Result<File> {
        let (net, name) = (self.net.try_clone()?, name.to_owned());
        let make = move || -> io::Result<File> {
            setns(net.as_fd(), CloneFlags::CLONE_NEWNET)?;
            tun::device(&name)
        };
        let made = std::thread::spawn(make).join().map_err(|_| anyhow!("the thread panicked"))?;
        made.context("failed to make a TUN device in the node")
    }

    /// A command that will run inside.
    fn command(&self, argv: &[impl AsRef<OsStr>]) -> Result<std::process::Command> {
        let (program, arguments) = argv.split_first().context("an empty command")?;
        let mut command = std::process::Command::new(program.as_ref());
        command.args(arguments);
        command.env_remove(crate::testbed::lab::STAGE);
        let mut spaces = vec![(self.net.try_clone()?, CloneFlags::CLONE_NEWNET)];
        for (file, flag) in &self.others {
            spaces.push((file.try_clone()?, *flag));
        }
        let enter = move || -> io::Result<()> {
            for (file, flag) in &spaces {
                setns(file.as_fd(), *flag)?;
            }
            Ok(())
        };
        #[expect(unsafe_code, reason = "setns is a bare system call: safe between fork and exec")]
        unsafe {
            command.pre_exec(enter);
        }
        Ok(command)
    }
}

#[async_trait]
impl Remote for Namespace {
    async fn run(&self, job: Job<'_>) -> Result<Output> {
        child::run(Command::from(self.command(job.argv)?), job).await
    }

    async fn spawn(&self, program: &Program) -> Result<i32> {
        let log = File::options().create(true).append(true).open(&program.log);
        let log = log.with_context(|| format!("failed to open {}", program.log.display()))?;
        let mut command = self.command(&program.argv)?;
        command.envs(program.env.iter().map(|(k, v)| (k, v)));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // A group of its own in a session of its own: a stopped group that loses its last parent in
        // its session would be hung up by the kernel when the controller dies.
        let lead = || nix::unistd::setsid().map(drop).map_err(io::Error::from);
        #[expect(unsafe_code, reason = "setsid is a bare system call: safe between fork and exec")]
        unsafe {
            command.pre_exec(lead);
        }
        let mut command = Command::from(command);
        let mut child =
            command.spawn().with_context(|| format!("failed to run {}", program.argv[0]))?;
        let id = child.id().context("the program ended at once")?;
        // Somebody must bury it, or it would look alive.
        tokio::spawn(async move { child.wait().await });
        Ok(i32::try_from(id)?)
    }

    async fn signal(&self, group: i32, signal: Signal) -> Result<()> {
        match killpg(Pid::from_raw(group), signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(e) => Err(e).with_context(|| format!("failed to send {signal} to group {group}")),
        }
    }

    async fn processes(&self, group: i32) -> Result<Vec<ProcessState>> {
        let entries = std::fs::read_dir("/proc").context("failed to list processes")?;
        let pids = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let stats =
            pids.filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
        Ok(stats.filter_map(|stat| processes::in_group(&stat, group)).collect())
    }

    async fn socket(&self, ip: IpAddr) -> Result<Socket> {
        socket::local(self.udp(SocketAddr::new(ip, 0))?)
    }

    fn address(&self) -> Address {
        self.address.clone()
    }
}
