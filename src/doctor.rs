//! What works on this machine, what does not, why, and what to type.
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    capture, disk,
    system::{self, Options, Requirement},
    testbed::lab,
};

/// What the lab and its partitions need.
pub const NET_NEEDS: &[Requirement] = &[
    Requirement { program: "ip", package: "iproute2" },
    Requirement { program: "iptables", package: "iptables" },
];

/// What a machine needs beside to be a node reached by SSH.
pub const HOST_NEEDS: &[Requirement] = &[
    Requirement { program: "find", package: "findutils" },
    Requirement { program: "grep", package: "grep" },
    Requirement { program: "setsid", package: "util-linux" },
];

/// What this machine needs to reach nodes by SSH.
pub const SSH_NEEDS: &[Requirement] = &[Requirement { program: "ssh", package: "openssh-client" }];

/// What this machine needs to reach nodes that are containers.
pub const DOCKER_NEEDS: &[Requirement] = &[Requirement { program: "docker", package: "docker.io" }];

/// What the project's own tests need beside: a browser that opens reports, an SSH server, Docker,
/// who keeps packets.
pub const TEST_NEEDS: &[Requirement] = &[
    capture::NEED,
    Requirement { program: "chromium", package: "chromium" },
    Requirement { program: "sshd", package: "openssh-server" },
    Requirement { program: "dockerd", package: "docker.io" },
];

/// Something the doctor looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is.
    pub what: String,
    /// Whether it is as it should be.
    pub is_well: bool,
    /// Whether the default run needs it.
    pub is_vital: bool,
    /// What was seen.
    pub seen: String,
    /// What to type where it is not well.
    pub fix: String,
}

/// Looks at everything.
pub fn examine() -> Vec<Finding> {
    let mut findings = vec![namespaces()];
    findings.extend(NET_NEEDS.iter().map(|need| program(need, true, "the lab")));
    for entry in system::ALL {
        let Ok(system) = (entry.build)(None, &Options::new()) else { continue };
        let needs = system.requirements();
        findings.extend(needs.iter().map(|need| program(need, false, entry.name)));
    }
    findings.extend(SSH_NEEDS.iter().map(|need| program(need, false, "`--nodes ssh:...`")));
    findings.extend(DOCKER_NEEDS.iter().map(|need| program(need, false, "`--nodes docker:...`")));
    findings.extend(TEST_NEEDS.iter().map(|need| program(need, false, "the test suite")));
    findings.push(disks());
    findings.push(leftovers());
    findings
}

/// Every program that anything here needs.
pub fn all_needs() -> Vec<Requirement> {
    let built = system::ALL.iter().filter_map(|e| (e.build)(None, &Options::new()).ok());
    let needs = built.flat_map(|system| system.requirements());
    NET_NEEDS.iter().chain(SSH_NEEDS).chain(TEST_NEEDS).copied().chain(needs).collect()
}

/// Those that are not installed.
pub fn missing(needs: &[Requirement]) -> Vec<Requirement> {
    needs.iter().filter(|need| find(need.program).is_none()).copied().collect()
}

/// Installs packages with apt-get, as root or through sudo. What it says goes to standard error.
///
/// # Errors
/// When there is no apt-get, no right to use it, or it fails.
pub fn install(missing: &[Requirement]) -> Result<()> {
    if find("apt-get").is_none() {
        let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
        bail!("there is no apt-get here: install {} by other means", packages.join(", "));
    }
    let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
    arguments.extend(missing.iter().map(|need| need.package));
    // Old lists may name files that are gone, and a new machine has none.
    if apt(&arguments).is_err() {
        apt(&["update", "-q"])?;
        apt(&arguments)?;
    }
    match self::missing(missing).first() {
        Some(still) => bail!("{} was installed, but {} is not there", still.package, still.program),
        None => Ok(()),
    }
}

fn apt(arguments: &[&str]) -> Result<()> {
    let is_root = nix::unistd::geteuid().is_root();
    let mut command = Command::new(if is_root { "apt-get" } else { "sudo" });
    if !is_root {
        command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    }
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    // Standard output belongs to the result.
    command.stdout(std::io::stderr());
    let typed = format!("apt-get {}", arguments.join(" "));
    let status = command.status().with_context(|| {
        format!("only root can install packages, and there is no sudo: as root, type `{typed}`")
    })?;
    if !status.success() {
        let hint = if is_root { "" } else { "; as root, type it without sudo" };
        bail!("`{typed}` failed ({status}){hint}");
    }
    Ok(())
}

/// Where a program is: in the search path, or where only root looks.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let directories = std::env::split_paths(&path).chain(more);
    directories.map(|d| d.join(program)).find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

fn program(need: &Requirement, is_vital: bool, whose: &str) -> Finding {
    let found = find(need.program);
    let seen = match &found {
        Some(path) => path.display().to_string(),
        None => format!("not installed; {whose} needs it"),
    };
    Finding {
        what: need.program.to_owned(),
        is_well: found.is_some(),
        is_vital,
        seen,
        fix: format!(
            "type `netsplit doctor --install-missing` or `apt-get install {}`",
            need.package
        ),
    }
}

/// Whether a lab can be made.
fn namespaces() -> Finding {
    let attempt = lab::attempt();
    let seen = match (&attempt, nix::unistd::geteuid().is_root()) {
        (Ok(()), true) => "mount, network and PID namespaces, as root".to_owned(),
        (Ok(()), false) => "user, mount, network and PID namespaces, without root".to_owned(),
        (Err(e), _) => format!("{e:#}"),
    };
    Finding {
        what: "namespaces".into(),
        is_well: attempt.is_ok(),
        is_vital: true,
        seen,
        fix: lab::how_to_allow_namespaces(),
    }
}

/// Whether disks can lose their power.
fn disks() -> Finding {
    let attempt = disk::attempt();
    Finding {
        what: "disks".into(),
        is_well: attempt.is_ok(),
        is_vital: false,
        seen: match &attempt {
            Ok(()) => "FUSE: power failures and other faults of disks work in the lab".to_owned(),
            Err(e) => format!("no faults of disks: {e:#}"),
        },
        fix: "as root, type `modprobe fuse; chmod 666 /dev/fuse`".into(),
    }
}

/// Our chain in this network namespace means that a controller died here.
fn leftovers() -> Finding {
    let list = Command::new("iptables").args(["-w", "-n", "-L", "NETSPLIT"]).output();
    let is_left = list.is_ok_and(|output| output.status.success());
    Finding {
        what: "leftovers".into(),
        is_well: !is_left,
        is_vital: false,
        seen: if is_left { "a chain NETSPLIT in iptables" } else { "none" }.to_owned(),
        fix: "type `netsplit heal`".into(),
    }
}
