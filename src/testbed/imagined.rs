//! Nodes that are names alone, for systems that live inside the controller.
use std::{
    net::{IpAddr, Ipv4Addr},
    path::Path,
    process::Output,
    sync::Arc,
};

use anyhow::{Result, bail};
use async_trait::async_trait;
use nix::sys::signal::Signal;

use super::OWN_EXECUTABLE;
use crate::{
    cluster::Node,
    net::{Cut, Heard, Net},
    remote::{Address, Job, ProcessState, Program, Remote, socket::Socket},
};

/// So many nodes, with nothing behind their names.
pub(super) fn nodes(names: &[String], logs: &Path) -> Vec<Node> {
    let node = |(number, name): (usize, &String)| Node {
        name: name.as_str().into(),
        number,
        ip: Ipv4Addr::LOCALHOST,
        ip6: None,
        remote: Arc::new(Nowhere),
        data: logs.join(name),
        disk: None,
        netsplit: OWN_EXECUTABLE.into(),
        control: None,
        logs: logs.join(name),
    };
    names.iter().enumerate().map(node).collect()
}

/// Where an imagined node is.
struct Nowhere;

const NOTHING: &str = "an imagined node runs nothing";

#[async_trait]
impl Remote for Nowhere {
    async fn run(&self, _: Job<'_>) -> Result<Output> {
        bail!(NOTHING)
    }

    async fn spawn(&self, _: &Program) -> Result<i32> {
        bail!(NOTHING)
    }

    async fn signal(&self, _: i32, _: Signal) -> Result<()> {
        Ok(())
    }

    async fn processes(&self, _: i32) -> Result<Vec<ProcessState>> {
        Ok(Vec::new())
    }

    async fn socket(&self, _: IpAddr) -> Result<Socket> {
        bail!(NOTHING)
    }

    fn address(&self) -> Address {
        Address::Nowhere
    }
}

const NO_NET: &str = "there is no net between imagined nodes";

/// What is between imagined nodes.
pub(super) struct NoNet;

#[async_trait]
impl Net for NoNet {
    async fn cut(&self, _: &Cut) -> Result<()> {
        bail!(NO_NET)
    }

    async fn heal(&self) -> Result<()> {
        Ok(())
    }

    async fn probe(&self) -> Result<Heard> {
        bail!(NO_NET)
    }

    fn reaches_clients(&self) -> Result<()> {
        bail!(NO_NET)
    }

    async fn refused(&self, _: &Node) -> Result<u64> {
        bail!(NO_NET)
    }
}
