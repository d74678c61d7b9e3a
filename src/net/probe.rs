//! Who hears whom: a datagram over every link, both ways, from sockets on the nodes.
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{net::UdpSocket, time::Instant};

use super::Heard;
use crate::{cluster::Node, remote::namespace::Namespace};

/// How long to listen for what was sent: far above a healthy link's delay.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often to send: a neighbour's address may have to be found first, and datagrams may be lost.
const SENDS: u32 = 3;

/// Sockets on every node.
pub struct Probe {
    sockets: Vec<Socket>,
    round: AtomicU64,
}

struct Socket {
    node: Arc<str>,
    socket: UdpSocket,
    at: SocketAddr,
}

impl Probe {
    /// Opens a socket on every node, for each family it has.
    ///
    /// # Errors
    /// When a node refuses one.
    pub fn open(nodes: &[Node], spaces: &[Arc<Namespace>]) -> Result<Probe> {
        let mut sockets = Vec::new();
        for (node, space) in nodes.iter().zip(spaces) {
            for ip in [Some(IpAddr::V4(node.ip)), node.ip6.map(IpAddr::V6)].into_iter().flatten() {
                let socket = space.udp(SocketAddr::new(ip, 0))?;
                socket.set_nonblocking(true)?;
                let at = socket.local_addr()?;
                let socket = UdpSocket::from_std(socket)?;
                sockets.push(Socket { node: node.name.clone(), socket, at });
            }
        }
        Ok(Probe { sockets, round: AtomicU64::new(0) })
    }

    /// Sends over every link and listens.
    ///
    /// # Errors
    /// When the sockets themselves fail.
    pub async fn listen(&self) -> Result<Heard> {
        let round = self.round.fetch_add(1, Ordering::Relaxed);
        let links = self.links();
        let mut arrived: BTreeSet<(usize, usize)> = BTreeSet::new();
        let end = Instant::now() + PATIENCE;
        for send in 0..SENDS {
            self.send(&links, &arrived, round).await;
            let until = if send + 1 < SENDS { Instant::now() + PATIENCE / SENDS } else { end };
            while arrived.len() < links.len() {
                match tokio::time::timeout_at(until, self.receive(round)).await {
                    Ok(link) => drop(arrived.insert(link?)),
                    Err(_) => break,
                }
            }
        }
        Ok(self.judge(&links, &arrived))
    }

    /// Every pair of sockets of different nodes and the same family.
    fn links(&self) -> Vec<(usize, usize)> {
        let all = 0..self.sockets.len();
        let pairs = all.clone().flat_map(|from| all.clone().map(move |to| (from, to)));
        let is_link = |&(from, to): &(usize, usize)| {
            let (from, to) = (&self.sockets[from], &self.sockets[to]);
            from.node != to.node && from.at.is_ipv4() == to.at.is_ipv4()
        };
        pairs.filter(is_link).collect()
    }

    async fn send(&self, links: &[(usize, usize)], arrived: &BTreeSet<(usize, usize)>, round: u64) {
        for (from, to) in links.iter().filter(|link| !arrived.contains(link)) {
            let text = format!("{round} {from}");
            // A refusal is an answer too: then nothing arrives.
            let _ = self.sockets[*from].socket.send_to(text.as_bytes(), self.sockets[*to].at).await;
        }
    }

    /// The next link over which a datagram of this round arrives.
    async fn receive(&self, round: u64) -> Result<(usize, usize)> {
        let mut buffers = vec![[0u8; 64]; self.sockets.len()];
        loop {
            let receives = self.sockets.iter().zip(&mut buffers).enumerate().map(|(to, (s, b))| {
                Box::pin(async move { s.socket.recv(b).await.map(|n| (to, b[..n].to_vec())) })
            });
            let (first, _, _) = futures_util::future::select_all(receives).await;
            let (to, bytes) = first.context("the probe's socket failed")?;
            let text = String::from_utf8_lossy(&bytes);
            let Some((its_round, from)) = text.split_once(' ') else { continue };
            if let (Ok(its_round), Ok(from)) = (its_round.parse::<u64>(), from.parse())
                && its_round == round
                && from < self.sockets.len()
            // The net may garble what was sent.
            {
                return Ok((from, to));
            }
        }
    }

    fn judge(&self, links: &[(usize, usize)], arrived: &BTreeSet<(usize, usize)>) -> Heard {
        let name = |&(from, to): &(usize, usize)| {
            format!("{}>{}", self.sockets[from].node, self.sockets[to].node)
        };
        let tried: BTreeSet<String> = links.iter().map(name).collect();
        let heard: BTreeSet<String> = arrived.iter().map(name).collect();
        let missed = links.iter().filter(|link| !arrived.contains(link)).map(name);
        let half = missed.filter(|link| heard.contains(link)).collect();
        let silent = tried.difference(&heard).cloned().collect();
        Heard { tried, silent, half }
    }
}
