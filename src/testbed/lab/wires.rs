//! What joins the nodes of a lab: a bridge of the kernel's, or a packet switch of ours.
//!
//! The bridge is faster. The switch can do to packets what no module of the kernel is needed for.
use std::{net::IpAddr, sync::Arc};

use anyhow::{Context, Result};

use super::{CONTROLLER, ip, ip_batch, ip6};
use crate::{
    net::{
        switch::{Port, Switch},
        tun,
    },
    remote::namespace::Namespace,
};

/// What is to join the nodes.
pub(super) enum Wires {
    /// A bridge.
    Bridge,
    /// A switch, with the seed of its chance and what was plugged into it so far.
    Switch(u64, Vec<Port>),
}

/// The controller's device that leads to the switch.
const DEVICE: &str = "net0";

impl Wires {
    /// A bridge, or a switch with this seed.
    pub(super) fn new(switch_seed: Option<u64>) -> Wires {
        switch_seed.map_or(Wires::Bridge, |seed| Wires::Switch(seed, Vec::new()))
    }

    /// Makes the nodes' network namespaces, and the bridge with a link to each.
    pub(super) async fn lay(&self, count: u32) -> Result<()> {
        let mut script = String::from("link set lo up\n");
        for number in 1..=count {
            script += &format!("netns add n{number}\n");
        }
        if matches!(self, Wires::Bridge) {
            script += "link add br0 type bridge mcast_snooping 0\n";
            script += &addresses("br0");
            for number in 1..=count {
                script += &format!(
                    "link add v{number} type veth peer name eth0 netns n{number}\n\
                     link set v{number} master br0 up\n"
                );
            }
        }
        ip_batch(None, &script).await.context("failed to make the lab's network")
    }

    /// Joins a node, whose device is called `eth0`.
    pub(super) fn plug(&mut self, name: &Arc<str>, number: u32, space: &Namespace) -> Result<()> {
        if let Wires::Switch(_, ports) = self {
            let device = space.tun("eth0")?;
            ports.push(Port { name: name.clone(), ips: ips(number), device });
        }
        Ok(())
    }

    /// Joins the controller, and lets packets flow.
    pub(super) async fn join(self) -> Result<Option<Arc<Switch>>> {
        let Wires::Switch(seed, mut ports) = self else { return Ok(None) };
        let device = tun::device(DEVICE).context("failed to make the controller's TUN device")?;
        ports.push(Port { name: "controller".into(), ips: ips(CONTROLLER), device });
        ip_batch(None, &addresses(DEVICE)).await.context("failed to join the lab's network")?;
        Ok(Some(Arc::new(Switch::start(ports, seed)?)))
    }
}

fn ips(number: u32) -> Vec<IpAddr> {
    vec![ip(number).into(), ip6(number).into()]
}

/// Gives the controller its addresses.
fn addresses(device: &str) -> String {
    format!(
        "addr add {}/24 dev {device}\naddr add {}/64 dev {device} nodad\nlink set {device} up\n",
        ip(CONTROLLER),
        ip6(CONTROLLER)
    )
}
