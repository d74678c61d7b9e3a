//! A connection to one peer that comes back by itself.
//!
//! A link is a task that dials, sends what it is given, and matches answers to questions. Where a
//! partition swallows packets, TCP would wait longer and longer between attempts and come back long
//! after the network did. So a peer that owes answers and has said nothing for a while is hung up
//! on and dialled afresh, and a dial that takes long is given up and begun again: once the network
//! is healed, the link is back within [`DIAL`].
//!
//! A question that is lost with its connection is not asked again; its asker sees no answer.
use std::{collections::HashMap, net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::value::RawValue;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{Reply, Request, outbox};

/// How long to wait for a connection.
const DIAL: Duration = Duration::from_millis(250);

/// How long to rest between two connections.
const REST: Duration = Duration::from_millis(50);

/// How long a peer may owe answers and say nothing.
const SILENCE: Duration = Duration::from_millis(400);

/// A question to the peer.
pub(super) struct Call {
    /// What to ask.
    pub(super) body: Box<RawValue>,
    /// Where the answer goes; closed without one where there will be none.
    pub(super) answer: mpsc::UnboundedSender<Box<RawValue>>,
}

/// Keeps a link to `peer` for node `me` until the sender of calls is dropped.
pub(super) async fn keep(
    me: usize,
    peer: usize,
    address: SocketAddr,
    mut calls: mpsc::UnboundedReceiver<Call>,
) {
    while !(calls.is_closed() && calls.is_empty()) {
        match Talk::dial(me, address).await {
            Ok(mut talk) => {
                if let Err(e) = talk.run(&mut calls).await
                    && talk.is_heard
                {
                    eprintln!("node {me}: lost peer {peer}: {e:#}");
                }
            }
            // Whoever waits should know at once that this peer will not answer.
            Err(_) => while calls.try_recv().is_ok() {},
        }
        sleep(REST).await;
    }
}

/// One connection, from its dial to its end.
struct Talk {
    me: usize,
    lines: Lines<BufReader<OwnedReadHalf>>,
    outbox: mpsc::UnboundedSender<String>,
    /// The task that writes; it ends when this is dropped, even in the middle of a write.
    _writer: JoinSet<()>,
    pending: HashMap<u64, mpsc::UnboundedSender<Box<RawValue>>>,
    next_id: u64,
    heard: Instant,
    is_heard: bool,
}

impl Talk {
    async fn dial(me: usize, address: SocketAddr) -> Result<Talk> {
        let stream = timeout(DIAL, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        let (outbox, lines) = mpsc::unbounded_channel();
        let mut writer = JoinSet::new();
        writer.spawn(outbox::write(write, lines));
        Ok(Talk {
            me,
            lines: BufReader::new(read).lines(),
            outbox,
            _writer: writer,
            pending: HashMap::new(),
            next_id: 0,
            heard: Instant::now(),
            is_heard: false,
        })
    }

    /// Asks and hears, until the peer is gone (an error) or there is nobody left to ask for.
    async fn run(&mut self, calls: &mut mpsc::UnboundedReceiver<Call>) -> Result<()> {
        loop {
            let is_owed = !self.pending.is_empty();
            tokio::select! {
                call = calls.recv() => match call {
                    Some(call) => self.ask(call)?,
                    None => return Ok(()),
                },
                line = self.lines.next_line() => match line? {
                    Some(line) => self.hear(&line)?,
                    None => bail!("it closed the connection"),
                },
                () = sleep_until(self.heard + SILENCE), if is_owed => {
                    bail!("it said nothing for {SILENCE:?}");
                }
            }
        }
    }

    fn ask(&mut self, call: Call) -> Result<()> {
        if self.pending.is_empty() {
            self.heard = Instant::now(); // It owed nothing until now.
        }
        self.next_id += 1;
        let request = Request { id: self.next_id, from: Some(self.me), body: &call.body };
        self.pending.insert(self.next_id, call.answer);
        self.outbox.send(serde_json::to_string(&request)?).context("the connection broke")
    }

    fn hear(&mut self, line: &str) -> Result<()> {
        self.heard = Instant::now();
        self.is_heard = true;
        let reply: Reply = serde_json::from_str(line).context("it sent what is no answer")?;
        // A refusal closes the channel: to the asker, it is no answer.
        if let (Some(asker), Ok(body)) = (self.pending.remove(&reply.id), reply.reply) {
            let _ = asker.send(body.to_owned()); // The asker may have enough already.
        }
        Ok(())
    }
}
