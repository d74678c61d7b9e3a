//! A node that is a container, entered by Docker's own client.
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use tokio::{process::Command, time::timeout};

use super::{Address, shell::Way};

/// A container by its name.
pub(super) struct Container {
    name: String,
    /// The daemon that it is of, as `DOCKER_HOST` says it; Docker's usual one where absent.
    host: Option<String>,
}

/// How long Docker may take to look at a container.
const LOOK: std::time::Duration = std::time::Duration::from_secs(20);

impl Container {
    /// A container that runs.
    pub(super) async fn find(name: &str, host: Option<&str>) -> Result<Container> {
        let is_name = !name.is_empty() && !name.starts_with('-');
        ensure!(is_name, "{name:?} is no container's name");
        let mut look = docker(host);
        look.args(["container", "inspect", "--format", "{{.State.Running}}", name]);
        let looked = timeout(LOOK, look.stdin(Stdio::null()).output()).await;
        let looked = looked.with_context(|| format!("Docker did not answer within {LOOK:?}"))?;
        let output = looked.context("failed to run `docker`: type `apt-get install docker.io`")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "there is no container {name}: {}", said.trim());
        let runs = output.stdout.trim_ascii() == b"true";
        ensure!(runs, "the container {name} does not run: type `docker start {name}`");
        Ok(Container { name: name.to_owned(), host: host.map(str::to_owned) })
    }
}

fn docker(host: Option<&str>) -> Command {
    let mut command = Command::new("docker");
    if let Some(host) = host {
        command.args(["--host", host]);
    }
    // In a group of its own: Ctrl-C is for us, who still need it to heal.
    command.process_group(0).kill_on_drop(true);
    command
}

#[async_trait]
impl Way for Container {
    async fn session(&self) -> Result<Command> {
        let mut command = docker(self.host.as_deref());
        command.args(["exec", "--interactive", "--user", "0", &self.name, "sh", "-c"]);
        Ok(command)
    }

    fn destination(&self) -> &str {
        &self.name
    }

    fn address(&self) -> Address {
        Address::Docker { container: self.name.clone(), host: self.host.clone() }
    }
}
