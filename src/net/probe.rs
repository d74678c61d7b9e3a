//! Who hears whom: a datagram over every link, both ways, from sockets on the nodes.
use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use futures_util::future::{select_all, try_join_all};
use tokio::{sync::Mutex, time::Instant};

use super::{CLIENTS, Heard};
use crate::{
    cluster::Node,
    remote::socket::{self, Socket},
};

/// How often to send: a neighbour's address may have to be found first, and datagrams may be lost.
const SENDS: u32 = 3;

/// Sockets on every node.
pub struct Probe {
    ends: Mutex<Vec<End>>,
    round: AtomicU64,
}

struct End {
    node: Arc<str>,
    socket: Socket,
}

/// From one of the ends to another, by their places.
type Link = (usize, usize);

impl Probe {
    /// Opens a socket on every node, for each family it has, and one of the clients at each of these
    /// addresses of theirs.
    ///
    /// # Errors
    /// When a node refuses one.
    pub async fn open(nodes: &[Node], clients: &[IpAddr]) -> Result<Probe> {
        let ips = |node: &Node| [Some(IpAddr::V4(node.ip)), node.ip6.map(IpAddr::V6)];
        let wanted =
            nodes.iter().flat_map(|node| ips(node).into_iter().flatten().map(move |ip| (node, ip)));
        let opened = wanted.map(async |(node, ip)| {
            let socket = node.remote.socket(ip).await?;
            anyhow::Ok(End { node: node.name.clone(), socket })
        });
        let mut ends = try_join_all(opened).await?;
        for &ip in clients {
            ends.push(End { node: CLIENTS.into(), socket: socket::here(ip)? });
        }
        Ok(Probe { ends: Mutex::new(ends), round: AtomicU64::new(0) })
    }

    /// From now on the clients have no part in it.
    pub async fn leave_clients_out(&self) {
        self.ends.lock().await.retain(|end| &*end.node != CLIENTS);
    }

    /// Sends over every link and listens.
    ///
    /// # Errors
    /// When a socket fails, or its node is lost: silence would prove nothing then.
    pub async fn listen(&self) -> Result<Heard> {
        let round = self.round.fetch_add(1, Ordering::Relaxed);
        let mut ends = self.ends.lock().await;
        let links = links(&ends);
        let patience = ends.iter().map(|end| end.socket.patience).max().unwrap_or(Duration::ZERO);
        let mut arrived: BTreeSet<Link> = BTreeSet::new();
        let start = Instant::now();
        for send in 1..=SENDS {
            for &(from, to) in links.iter().filter(|link| !arrived.contains(link)) {
                let order = (ends[to].socket.at, format!("{round} {from}"));
                ends[from].socket.sender.send(order).with_context(|| lost(&ends[from]))?;
            }
            let until = start + patience * send / SENDS;
            while arrived.len() < links.len() {
                match tokio::time::timeout_at(until, receive(&mut ends, round)).await {
                    Ok(link) => drop(arrived.insert(link?)),
                    Err(_) => break,
                }
            }
        }
        Ok(judge(&ends, &links, &arrived))
    }
}

fn lost(end: &End) -> String {
    format!("the probe's socket on {} failed", end.node)
}

/// Every pair of sockets of different nodes and the same family.
fn links(ends: &[End]) -> Vec<Link> {
    let all = 0..ends.len();
    let pairs = all.clone().flat_map(|from| all.clone().map(move |to| (from, to)));
    let is_link = |&(from, to): &Link| {
        let (from, to) = (&ends[from], &ends[to]);
        from.node != to.node && from.socket.at.is_ipv4() == to.socket.at.is_ipv4()
    };
    pairs.filter(is_link).collect()
}

/// The next link over which a datagram of this round arrives.
async fn receive(ends: &mut [End], round: u64) -> Result<Link> {
    loop {
        let receives = ends.iter_mut().map(|end| Box::pin(end.socket.receiver.recv()));
        let (text, to, _) = select_all(receives).await;
        let text = text.with_context(|| lost(&ends[to]))?;
        let Some((its_round, from)) = text.split_once(' ') else { continue };
        if let (Ok(its_round), Ok(from)) = (its_round.parse::<u64>(), from.parse())
            && its_round == round
            && from < ends.len()
        // The net may garble what was sent.
        {
            return Ok((from, to));
        }
    }
}

fn judge(ends: &[End], links: &[Link], arrived: &BTreeSet<Link>) -> Heard {
    let name = |&(from, to): &Link| format!("{}>{}", ends[from].node, ends[to].node);
    let tried: BTreeSet<String> = links.iter().map(name).collect();
    let heard: BTreeSet<String> = arrived.iter().map(name).collect();
    let missed = links.iter().filter(|link| !arrived.contains(link)).map(name);
    let half = missed.filter(|link| heard.contains(link)).collect();
    let silent = tried.difference(&heard).cloned().collect();
    Heard { tried, silent, half }
}
