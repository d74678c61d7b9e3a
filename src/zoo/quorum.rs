//! Registers and a set on majority quorums.
//!
//! Registers after Attiya, Bar-Noy and Dolev ("Sharing memory robustly in message-passing
//! systems", 1995), with many writers after Lynch and Shvartsman (1997). Every node keeps a
//! replica and coordinates for its clients; no node leads, nothing is elected.
//!
//! * A **write** asks a majority for the newest tag, takes one above it, and
//!   stores the value under it at a majority.
//! * A **read** asks a majority, takes the newest value, and stores it at a majority before it
//!   answers, unless all of the majority had it: otherwise a later read could ask others and find
//!   an older value.
//!
//! Two majorities share a node, so what one call has stored, every later call sees. Why no tag is
//! taken twice is told in [`replica`]. Clients hear of three ends: `ok`; `fail`, where nothing was
//! stored anywhere; `info`, where something may have been. [`set`] tells how the set differs.
pub mod protocol;
mod register;
mod replica;
mod set;
#[cfg(test)]
mod tests;

use std::{fmt::Display, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow, ensure};
use serde::de::DeserializeOwned;
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use tokio::net::TcpListener;

use self::{
    protocol::{PeerRequest, Request},
    replica::Replica,
};
use super::{
    ZooArgs,
    answer::Answer,
    log::Syncs,
    weather::Weather,
    wire::{Peers, Service, serve},
};

/// How long a majority may take to answer. A call has two phases and is waited for a second.
const PHASE: Duration = Duration::from_millis(450);

/// What can be wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A read answers from the coordinator's own replica.
    ReadOne,
    /// A read does not store what it has read.
    NoWriteBack,
    /// What is acknowledged is not on the disk yet.
    AckBeforeFsync,
}

impl Bug {
    /// The bugs by the names that `--bug` takes.
    pub const ALL: [(&'static str, Bug); 3] = [
        ("read-one", Bug::ReadOne),
        ("no-write-back", Bug::NoWriteBack),
        ("ack-before-fsync", Bug::AckBeforeFsync),
    ];

    /// The bug of that name.
    ///
    /// # Errors
    /// When there is none; names those there are.
    pub fn find(name: &str) -> Result<Bug> {
        let found = Bug::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, bug)| *bug).ok_or_else(|| {
            let known = Bug::ALL.map(|(name, _)| name).join(", ");
            anyhow!("quorum has no bug {name:?}; it has: {known}")
        })
    }
}

/// Runs one node until it is killed.
///
/// # Errors
/// An unknown bug, an address that is taken, a log that cannot be read.
pub async fn main(args: ZooArgs) -> Result<()> {
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener.with_context(|| format!("failed to listen on {}", args.listen))?;
    run(listener, args).await
}

/// The same on a socket that listens already.
async fn run(listener: TcpListener, args: ZooArgs) -> Result<()> {
    let ZooArgs { id, peers, dir, bug, delay_ms, .. } = args;
    let bug = bug.map(|name| Bug::find(&name)).transpose()?;
    let syncs = if bug == Some(Bug::AckBeforeFsync) { Syncs::Later } else { Syncs::First };
    let (replica, records) = open(&dir, id, syncs)?;
    let others: Vec<String> = peers.iter().map(ToString::to_string).collect();
    eprintln!(
        "quorum {id}: listening on {}, peers {}, bug {bug:?}, {records} records replayed",
        listener.local_addr()?,
        others.join(",")
    );
    let weather = Arc::new(Weather::new(delay_ms, id));
    let majority = peers.len() / 2 + 1;
    let peers = Peers::dial(id, &peers, weather.clone());
    serve(listener, Arc::new(Quorum { replica, peers, majority, bug }), weather).await;
    Ok(())
}

fn open(dir: &Path, id: usize, syncs: Syncs) -> Result<(Replica, usize)> {
    std::fs::create_dir_all(dir).with_context(|| format!("failed to make {}", dir.display()))?;
    Replica::open(u32::try_from(id)?, &dir.join("log"), syncs)
}

/// One node: a replica, and a coordinator for its clients.
struct Quorum {
    replica: Replica,
    peers: Peers,
    majority: usize,
    bug: Option<Bug>,
}

impl Quorum {
    /// The answers of so many peers that they are a majority with this node.
    async fn majority<R: DeserializeOwned>(&self, request: &PeerRequest) -> Result<Vec<R>> {
        let need = self.majority - 1;
        let answers = self.peers.gather(request, need, PHASE).await?;
        let (got, majority) = (answers.len() + 1, self.majority);
        ensure!(got >= majority, "{got} replicas answered, a majority is {majority}");
        Ok(answers)
    }
}

impl Service for Quorum {
    type PeerRequest = PeerRequest;
    type Request = Request;
    type Answer = Answer;

    fn peer(&self, request: PeerRequest) -> Result<Box<RawValue>> {
        Ok(match request {
            PeerRequest::Register { key } => to_raw_value(&self.replica.register(key)),
            PeerRequest::Elements {} => to_raw_value(&self.replica.elements()),
            PeerRequest::Store(update) => to_raw_value(&self.replica.store(update)?),
        }?)
    }

    async fn client(&self, request: Request) -> Answer {
        match request {
            Request::Ping {} => Answer::Ok(Value::Null),
            Request::Read { key } => self.read(key).await.map_or_else(fail, Answer::Ok),
            Request::Write { key, value } => self.write(key, value).await,
            Request::Add { element } => self.add(element).await,
            Request::Elements {} => {
                let elements = self.elements().await;
                elements.map_or_else(fail, |elements| Answer::Ok(json!(elements)))
            }
        }
    }
}

fn fail(why: impl Display) -> Answer {
    Answer::Fail(format!("{why:#}"))
}

fn info(why: impl Display) -> Answer {
    Answer::Info(format!("{why:#}"))
}
