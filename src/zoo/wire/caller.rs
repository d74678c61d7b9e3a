//! A client's connection: one call at a time.
use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::to_raw_value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use workloads::Foreseen;

use super::{Reply, Request};

/// A connection to one node. It never dials again: whoever made it has to know.
pub struct Caller {
    stream: BufReader<TcpStream>,
    next_id: u64,
    /// A call has begun and not ended well: the stream may be in the middle of a line.
    is_broken: bool,
}

impl Caller {
    /// Connects within `deadline`.
    ///
    /// # Errors
    /// When it could not; nothing was asked then.
    pub async fn connect(address: SocketAddr, deadline: Duration) -> Result<Caller> {
        let stream = timeout(deadline, TcpStream::connect(address)).await;
        let stream = stream
            .map_err(|_| anyhow!("no connection within {deadline:?}"))
            .and_then(|connected| Ok(connected?))
            .with_context(|| format!("failed to connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Caller { stream: BufReader::new(stream), next_id: 0, is_broken: false })
    }

    /// Asks, and waits for the answer. Whoever gives up waiting (drops the future) has to drop the
    /// connection as well: all later calls fail.
    ///
    /// # Errors
    /// When the connection broke, now or before, or the answer makes no sense.
    pub async fn call<R: DeserializeOwned>(&mut self, request: &impl Serialize) -> Result<R> {
        ensure!(!self.is_broken, "an earlier call on this connection did not end");
        self.is_broken = true;
        self.next_id += 1;
        let body = to_raw_value(request)?;
        let mut line =
            serde_json::to_string(&Request { id: self.next_id, from: None, body: &body })?;
        line.push('\n');
        self.stream.write_all(line.as_bytes()).await.context(Foreseen("failed to ask"))?;
        line.clear();
        let unheard = Foreseen("failed to hear the answer");
        self.stream.read_line(&mut line).await.context(unheard)?;
        let is_whole = line.ends_with('\n');
        ensure!(is_whole, Foreseen("the connection was closed before the answer"));
        let reply: Reply = serde_json::from_str(&line).context("no answer")?;
        ensure!(reply.id == self.next_id, "the answer to another question");
        let body = reply.reply.map_err(|e| anyhow!("refused: {e}"))?;
        let answer = serde_json::from_str(body.get()).context("an answer of another kind")?;
        self.is_broken = false;
        Ok(answer)
    }
}
