//! Leases, one a key, each granted by one node: key `k` by node `k % n`, which others ask for it.
//!
//! A lease runs on the granter's clock from when it is granted, and on its holder's from when it
//! was asked for, which is earlier: as long as both run at one rate, nobody believes to hold what
//! was granted to another. The clock is the one that nobody can set (`CLOCK_MONOTONIC`). It is not
//! kept over a restart, so whoever starts grants nothing until what was granted before has run out.
//! Tokens grow: they are logged before they are told.
mod protocol;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use tokio::net::TcpListener;

use super::{
    ZooArgs,
    answer::Answer,
    log::{Log, Syncs},
    weather::Weather,
    wire::{Peers, Service, serve},
};

pub use protocol::{Ask, Request};

/// How long a lease lasts.
const LASTS: Duration = Duration::from_millis(600);

/// How long the granter may take to answer.
const PATIENCE: Duration = Duration::from_millis(450);

/// The one bug it has: leases run on the wall clock, and go on where they were after a restart.
pub const WALL_CLOCK: &str = "wall-clock";

/// Runs one node until it is killed.
///
/// # Errors
/// An unknown bug, an address that is taken, a log that cannot be read.
pub async fn main(args: ZooArgs) -> Result<()> {
    let ZooArgs { id, peers, dir, bug, delay_ms, listen, .. } = args;
    ensure!(
        bug.as_deref().is_none_or(|bug| bug == WALL_CLOCK),
        "lease has no bug but {WALL_CLOCK}"
    );
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("failed to listen on {listen}"))?;
    std::fs::create_dir_all(&dir).with_context(|| format!("failed to make {}", dir.display()))?;
    let (log, records) = Log::open(&dir.join("log"), Syncs::First)?;
    let granter = Granter::new(Clock::new(bug.is_some()), log, records);
    let weather = std::sync::Arc::new(Weather::new(delay_ms, id));
    let node = Node {
        number: id,
        count: peers.len(),
        granter: Mutex::new(granter),
        peers: Peers::dial(id, &peers, weather.clone()),
    };
    eprintln!("lease {id}: listening on {listen}, bug {bug:?}");
    serve(listener, std::sync::Arc::new(node), weather).await;
    Ok(())
}

/// The time that leases run on, since whenever.
#[derive(Clone, Copy)]
enum Clock {
    /// Since the start.
    Monotonic(Instant),
    /// Since 1970, as far as anybody knows.
    Wall,
}

impl Clock {
    fn new(is_wall: bool) -> Clock {
        if is_wall { Clock::Wall } else { Clock::Monotonic(Instant::now()) }
    }

    fn now(self) -> Duration {
        match self {
            Clock::Monotonic(start) => start.elapsed(),
            Clock::Wall => {
                SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
            }
        }
    }
}

/// A lease, and a record of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Lease {
    key: u32,
    owner: Value,
    token: u64,
    /// Until when, by the granter's clock.
    until: Duration,
}

/// Grants the leases of one node.
struct Granter {
    clock: Clock,
    /// Before that nothing is granted.
    opens: Duration,
    leases: BTreeMap<u32, Lease>,
    log: Log<Lease>,
}

impl Granter {
    fn new(clock: Clock, log: Log<Lease>, records: Vec<Lease>) -> Granter {
        // Only the wall clock goes on where it was.
        let opens = match clock {
            Clock::Monotonic(_) if !records.is_empty() => LASTS,
            _ => Duration::ZERO,
        };
        let mut leases = BTreeMap::new();
        for mut lease in records {
            if matches!(clock, Clock::Monotonic(_)) {
                lease.until = Duration::ZERO;
            }
            leases.insert(lease.key, lease);
        }
        Granter { clock, opens, leases, log }
    }

    fn decide(&mut self, ask: Ask, key: u32, owner: &Value) -> Answer {
        let now = self.clock.now();
        let last = self.leases.get(&key);
        let held = last.filter(|lease| now < lease.until);
        let token = last.map_or(0, |lease| lease.token);
        let is_of = |asked: u64| held.is_some_and(|it| it.owner == *owner && it.token == asked);
        let (token, until) = match ask {
            Ask::Acquire if now < self.opens => return refused("just started"),
            Ask::Acquire if held.is_some() => return refused("it is held"),
            Ask::Acquire => (token + 1, now + LASTS),
            Ask::Renew(asked) | Ask::Release(asked) if !is_of(asked) => {
                return refused("it is not held by that owner");
            }
            Ask::Renew(_) => (token, now + LASTS),
            Ask::Release(_) => (token, now),
        };
        let lease = Lease { key, owner: owner.clone(), token, until };
        if let Err(e) = self.log.append(&lease) {
            return refused(&format!("{e:#}"));
        }
        self.leases.insert(key, lease);
        Answer::Ok(match ask {
            Ask::Release(_) => owner.clone(),
            Ask::Acquire | Ask::Renew(_) => json!([token, LASTS.as_millis() as u64]),
        })
    }
}

fn refused(why: &str) -> Answer {
    Answer::Fail(why.to_owned())
}

/// One node: it grants its own leases, and asks for those of others.
struct Node {
    number: usize,
    count: usize,
    granter: Mutex<Granter>,
    peers: Peers,
}

impl Node {
    fn grants(&self, key: u32) -> bool {
        key as usize % self.count == self.number
    }

    fn decide(&self, ask: Ask, key: u32, owner: &Value) -> Answer {
        let mut granter = self.granter.lock().unwrap_or_else(PoisonError::into_inner);
        granter.decide(ask, key, owner)
    }
}

impl Service for Node {
    type PeerRequest = Request;
    type Request = Request;
    type Answer = Answer;

    /// Who does not grant it, does not answer.
    fn peer(&self, request: Request) -> Result<Box<RawValue>> {
        let Request::Lease { ask, key, owner } = request else {
            return Err(anyhow!("nodes ask for leases alone"));
        };
        ensure!(self.grants(key), "it is granted by another node");
        Ok(to_raw_value(&self.decide(ask, key, &owner))?)
    }

    async fn client(&self, request: Request) -> Answer {
        let Request::Lease { ask, key, owner } = request else { return Answer::Ok(Value::Null) };
        if self.grants(key) {
            return self.decide(ask, key, &owner);
        }
        let request = Request::Lease { ask, key, owner };
        match self.peers.gather::<Answer>(&request, 1, PATIENCE).await {
            Ok(mut answers) => answers.pop().unwrap_or_else(|| Answer::Info("no answer".into())),
            // It may have been heard.
            Err(e) => Answer::Info(format!("{e:#}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granter(dir: &std::path::Path, is_wall: bool) -> Granter {
        let (log, records) = Log::open(&dir.join("log"), Syncs::First).expect("a log");
        Granter::new(Clock::new(is_wall), log, records)
    }

    #[test]
    fn one_owner_at_a_time_and_greater_tokens() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut granter = granter(dir.path(), false);
        let mut ask = |ask, owner: u32| granter.decide(ask, 0, &json!(owner));
        assert_eq!(ask(Ask::Acquire, 1), Answer::Ok(json!([1, 600])));
        assert!(matches!(ask(Ask::Acquire, 2), Answer::Fail(_)));
        assert!(matches!(ask(Ask::Renew(1), 2), Answer::Fail(_)));
        assert!(matches!(ask(Ask::Release(1), 2), Answer::Fail(_)));
        assert_eq!(ask(Ask::Renew(1), 1), Answer::Ok(json!([1, 600])));
        assert_eq!(ask(Ask::Release(1), 1), Answer::Ok(json!(1)));
        assert_eq!(ask(Ask::Acquire, 2), Answer::Ok(json!([2, 600])));
        assert_eq!(ask(Ask::Release(2), 2), Answer::Ok(json!(2)));
        assert_eq!(ask(Ask::Acquire, 1), Answer::Ok(json!([3, 600])));
        assert!(matches!(ask(Ask::Release(1), 1), Answer::Fail(_)), "it comes late");
    }

    #[test]
    fn who_has_just_started_grants_nothing_that_may_be_held() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = granter(dir.path(), false).decide(Ask::Acquire, 0, &json!(1));
        assert!(matches!(first, Answer::Ok(_)));
        let mut again = granter(dir.path(), false);
        assert!(matches!(again.decide(Ask::Acquire, 0, &json!(2)), Answer::Fail(_)));
        again.opens = Duration::ZERO;
        assert_eq!(again.decide(Ask::Acquire, 0, &json!(2)), Answer::Ok(json!([2, 600])));
    }
}
