//! A packet switch: every node's only link leads here, and every packet crosses a [`Link`].
//!
//! One thread of the controller reads packets from the nodes' TUN devices, lets the link between
//! sender and receiver decide, and writes them to where they are addressed to, now or later. So
//! delay, loss and the like need nothing of the kernel, repeat by the seed, and change on all links
//! at one moment. When the controller dies, the devices go with it.
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap},
    fs::File,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::AsFd,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use checkers::Nanos;
use nix::{
    poll::{PollFd, PollFlags, ppoll},
    sys::{prctl, time::TimeSpec},
};

use super::{
    harm,
    link::{Counts, Link, Quality},
};

/// A device that leads to the switch.
pub struct Port {
    /// Whose it is.
    pub name: Arc<str>,
    /// The addresses behind it.
    pub ips: Vec<IpAddr>,
    /// A TUN device, non-blocking.
    pub device: File,
}

/// A running switch. Ends when it is dropped.
pub struct Switch {
    names: Vec<Arc<str>>,
    links: Arc<Mutex<Links>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Every ordered pair of ports, row by row.
struct Links {
    count: usize,
    all: Vec<Link>,
}

/// How long the switch sleeps, at most, when no packet comes.
const NAP: Duration = Duration::from_millis(100);
/// Packets read from one port before the others have their turn.
const BATCH: usize = 64;
/// More than a packet can have.
const PACKET_MAX: usize = 1 << 16;
/// Packets under way; what comes beyond is dropped, as a full queue would.
const UNDER_WAY_MAX: usize = 100_000;

impl Switch {
    /// Starts to switch between these ports over perfect links.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(ports: Vec<Port>, seed: u64) -> Result<Switch> {
        let names: Vec<Arc<str>> = ports.iter().map(|port| port.name.clone()).collect();
        let pairs = names.iter().flat_map(|from| names.iter().map(move |to| (from, to)));
        let all = pairs.map(|(from, to)| Link::new(seed, &format!("{from}>{to}"))).collect();
        let links = Arc::new(Mutex::new(Links { count: names.len(), all }));
        let is_over = Arc::new(AtomicBool::new(false));
        let work = Work::new(ports, links.clone(), is_over.clone());
        let thread = std::thread::Builder::new().name("switch".into()).spawn(move || work.run());
        let thread = Some(thread.context("failed to start the packet switch")?);
        Ok(Switch { names, links, is_over, thread })
    }

    /// Gives the links between these nodes and all other nodes, both ways, a quality, at one
    /// moment. Links to the controller stay perfect.
    pub fn set(&self, nodes: &BTreeSet<Arc<str>>, quality: Quality) {
        self.each(nodes, |link, _| link.quality = quality);
    }

    /// What has happened on the links between these nodes and all other nodes, by `n1>n2`.
    pub fn counts(&self, nodes: &BTreeSet<Arc<str>>) -> BTreeMap<String, Counts> {
        let mut counts = BTreeMap::new();
        self.each(nodes, |link, name| {
            counts.insert(name, link.counts);
        });
        counts
    }

    fn each(&self, nodes: &BTreeSet<Arc<str>>, mut what: impl FnMut(&mut Link, String)) {
        let mut links = lock(&self.links);
        // The last port is the controller's.
        let last = self.names.len().saturating_sub(1);
        for (from, from_name) in self.names.iter().enumerate().take(last) {
            for (to, to_name) in self.names.iter().enumerate().take(last) {
                if from != to && (nodes.contains(from_name) || nodes.contains(to_name)) {
                    what(links.between(from, to), format!("{from_name}>{to_name}"));
                }
            }
        }
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // If it panicked, its message was printed.
        }
    }
}

impl Links {
    fn between(&mut self, from: usize, to: usize) -> &mut Link {
        &mut self.all[from * self.count + to]
    }
}

fn lock(links: &Mutex<Links>) -> MutexGuard<'_, Links> {
    links.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the switch's thread works with.
struct Work {
    devices: Vec<File>,
    places: HashMap<IpAddr, usize>,
    links: Arc<Mutex<Links>>,
    is_over: Arc<AtomicBool>,
    start: Instant,
    under_way: BinaryHeap<Reverse<UnderWay>>,
    /// Packets so far: of two that arrive at one moment, the first goes first.
    number: u64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct UnderWay {
    due: Nanos,
    number: u64,
    to: usize,
    packet: Vec<u8>,
}

impl Work {
    fn new(ports: Vec<Port>, links: Arc<Mutex<Links>>, is_over: Arc<AtomicBool>) -> Work {
        let numbered = ports.iter().enumerate();
        let places = numbered.flat_map(|(at, port)| port.ips.iter().map(move |ip| (*ip, at)));
        let places = places.collect();
        let devices = ports.into_iter().map(|port| port.device).collect();
        let (start, under_way) = (Instant::now(), BinaryHeap::new());
        Work { devices, places, links, is_over, start, under_way, number: 0 }
    }

    fn run(mut self) {
        // Packets are due to the microsecond; a thread is woken up to 50 later unless it says so.
        let _ = prctl::set_timerslack(1);
        let mut buffer = vec![0; PACKET_MAX];
        while !self.is_over.load(Ordering::Relaxed) {
            let ready = self.await_packets();
            for from in ready {
                for _ in 0..BATCH {
                    match (&self.devices[from]).read(&mut buffer) {
                        Ok(bytes) => self.switch(from, &mut buffer[..bytes]),
                        Err(_) => break,
                    }
                }
            }
            self.deliver();
        }
    }

    fn now(&self) -> Nanos {
        self.start.elapsed().as_nanos() as Nanos
    }

    /// Waits until a packet comes or is due; gives the ports with packets.
    fn await_packets(&self) -> Vec<usize> {
        let next = self.under_way.peek().map(|Reverse(it)| it.due.saturating_sub(self.now()));
        let wait = next.map_or(NAP, |wait| Duration::from_nanos(wait).min(NAP));
        let mut fds: Vec<PollFd<'_>> =
            self.devices.iter().map(|d| PollFd::new(d.as_fd(), PollFlags::POLLIN)).collect();
        if ppoll(&mut fds, Some(TimeSpec::from_duration(wait)), None).is_err() {
            return Vec::new();
        }
        let is_ready = |fd: &PollFd<'_>| fd.any().unwrap_or(true);
        fds.iter().enumerate().filter(|(_, fd)| is_ready(fd)).map(|(at, _)| at).collect()
    }

    /// One packet: decided about, and sent on or put aside.
    fn switch(&mut self, from: usize, packet: &mut [u8]) {
        let Some(&to) = destination(packet).and_then(|ip| self.places.get(&ip)) else { return };
        let now = self.now();
        let Some((due, twice)) = self.decide(from, to, now, packet) else { return };
        for _ in 0..if twice { 2 } else { 1 } {
            if due <= now {
                self.write(to, packet);
            } else if self.under_way.len() < UNDER_WAY_MAX {
                self.number += 1;
                let (number, packet) = (self.number, packet.to_vec());
                self.under_way.push(Reverse(UnderWay { due, number, to, packet }));
            }
        }
    }

    /// When a packet arrives, and whether twice; what is to be done to its bytes is done.
    fn decide(
        &self,
        from: usize,
        to: usize,
        now: Nanos,
        packet: &mut [u8],
    ) -> Option<(Nanos, bool)> {
        let mut links = lock(&self.links);
        let link = links.between(from, to);
        let fate = link.pass(now, packet.len());
        // A packet without data, such as a bare acknowledgement, is not harmed.
        if let Some(flip) = fate.harm.filter(|flip| harm::harm(packet, *flip)) {
            link.harmed(flip);
        }
        Some((fate.due?, fate.twice))
    }

    fn deliver(&mut self) {
        let now = self.now();
        while self.under_way.peek().is_some_and(|Reverse(it)| it.due <= now) {
            if let Some(Reverse(it)) = self.under_way.pop() {
                self.write(it.to, &it.packet);
            }
        }
    }

    /// A device that takes no more has a full queue: the packet is dropped, as any switch would.
    fn write(&self, to: usize, packet: &[u8]) {
        let _ = (&self.devices[to]).write(packet);
    }
}

/// Where an IP packet is to go.
fn destination(packet: &[u8]) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => {
            let bytes: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
            Some(Ipv4Addr::from(bytes).into())
        }
        6 => {
            let bytes: [u8; 16] = packet.get(24..40)?.try_into().ok()?;
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}
