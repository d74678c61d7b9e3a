//! Whether a node is let in at a port of another, refused, or left without an answer: a knock at
//! the door, from netsplit's own executable on the node.
use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::cluster::Node;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// A connection was made.
    Open,
    /// It was refused, at once.
    Refused,
    /// Nothing was heard.
    Silence,
}

/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(10);

/// Knocks, from here.
///
/// # Errors
/// When it could not be tried.
fn knock(at: SocketAddr) -> Result<Answer> {
    match TcpStream::connect_timeout(&at, PATIENCE) {
        Ok(_) => Ok(Answer::Open),
        Err(e) => match e.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Ok(Answer::Refused),
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Ok(Answer::Silence),
            _ => Err(e).with_context(|| format!("failed to connect to {at}")),
        },
    }
}

/// Knocks, and prints what came of it.
///
/// # Errors
/// When it could not be tried.
#[expect(clippy::print_stdout, reason = "this is what the command is for")]
pub(crate) fn main(at: SocketAddr) -> Result<()> {
    println!("{}", serde_json::to_string(&knock(at)?)?);
    Ok(())
}

/// Has one node knock at a port of another.
///
/// # Errors
/// When it could not be tried.
pub async fn between(from: &Node, to: &Node, port: u16) -> Result<Answer> {
    let (netsplit, at) = (from.netsplit.to_string_lossy(), SocketAddr::new(to.ip.into(), port));
    let told = from.remote.ask(&[&netsplit, "knock", &at.to_string()], b"", DEADLINE).await;
    let told =
        told.with_context(|| format!("failed to knock from {} at {}", from.name, to.name))?;
    serde_json::from_str(&told).context("it said something else")
}
