//! The answering side.
use std::{future::Future, sync::Arc};

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::sleep,
};

use super::{Reply, Request, outbox};
use crate::zoo::weather::Weather;

/// Whoever answers.
pub(crate) trait Service: Send + Sync + 'static {
    /// What other nodes ask.
    type PeerRequest: DeserializeOwned;
    /// What clients ask.
    type Request: DeserializeOwned + Send;
    /// What clients hear.
    type Answer: Serialize + Send;

    /// Answers another node, at once. An error reaches it as no answer.
    fn peer(&self, request: Self::PeerRequest) -> Result<Box<RawValue>>;

    /// Answers a client, in its time.
    fn client(&self, request: Self::Request) -> impl Future<Output = Self::Answer> + Send;
}

/// Answers whoever connects, for ever.
pub(crate) async fn serve<S: Service>(
    listener: TcpListener,
    service: Arc<S>,
    weather: Arc<Weather>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, service.clone(), weather.clone()));
            }
            Err(e) => {
                // Out of descriptors, most likely: some will be closed.
                eprintln!("a connection could not be accepted: {e}");
                sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// Answers one connection until it closes. Questions that make no sense close it, too.
async fn converse<S: Service>(stream: TcpStream, service: Arc<S>, weather: Arc<Weather>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let (read, write) = stream.into_split();
    let (answers, queue) = mpsc::unbounded_channel();
    tokio::spawn(outbox::write(write, queue));
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Err(e) = answer(&line, &service, &weather, &answers) {
            eprintln!("a connection is closed: {e:#}");
            return;
        }
    }
}

/// Answers one line, now or later.
fn answer<S: Service>(
    line: &str,
    service: &Arc<S>,
    weather: &Weather,
    answers: &mpsc::UnboundedSender<String>,
) -> Result<()> {
    let request: Request = serde_json::from_str(line).context("it sent what is no question")?;
    let (id, answers) = (request.id, answers.clone());
    if request.from.is_none() {
        let body = serde_json::from_str(request.body.get()).context("a client's question")?;
        let service = service.clone();
        tokio::spawn(async move {
            let body = to_raw_value(&service.client(body).await);
            let _ = answers.send(line_of(id, &body.context("the answer")));
        });
        return Ok(());
    }
    let body = serde_json::from_str(request.body.get()).context("a peer's question")?;
    let line = line_of(id, &service.peer(body));
    match weather.hold() {
        None => drop(answers.send(line)), // Fails where the asker hung up: it will not miss it.
        Some(held) => {
            tokio::spawn(async move {
                sleep(held).await;
                let _ = answers.send(line);
            });
        }
    }
    Ok(())
}

fn line_of(id: u64, body: &Result<Box<RawValue>>) -> String {
    let reply = match body {
        Ok(body) => Ok(&**body),
        Err(e) => Err(format!("{e:#}")),
    };
    // Numbers, text and JSON that is written already cannot fail to be written.
    serde_json::to_string(&Reply { id, reply }).unwrap_or_default()
}
