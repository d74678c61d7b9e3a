//! One HTTP connection to a member: no pool, no retry, no second try.
use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    client::conn::http1::{self, SendRequest},
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinSet, time::timeout};
use workloads::Foreseen;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_millis(500);

/// A connection.
pub(super) struct Gateway {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    /// The task that moves the bytes; it ends when this is dropped.
    _connection: JoinSet<()>,
}

/// What a member answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Gateway {
    /// Connects. Where this fails, nothing was asked.
    pub(super) async fn connect(address: SocketAddr) -> Result<Gateway> {
        let connected = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok::<_, anyhow::Error>(http1::handshake(TokioIo::new(stream)).await?)
        };
        let (sender, connection) = timeout(CONNECT, connected)
            .await
            .map_err(|_| anyhow!("no connection within {CONNECT:?}"))
            .flatten()
            .with_context(|| format!("failed to connect to {address}"))?;
        let mut task = JoinSet::new();
        task.spawn(async move {
            let _ = connection.await; // Whoever waits for an answer hears of the error.
        });
        Ok(Gateway { sender, host: address.to_string(), _connection: task })
    }

    /// Asks for a path.
    pub(super) async fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// Sends JSON to a path.
    pub(super) async fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        self.ask(Method::POST, path, Bytes::from(serde_json::to_vec(body)?)).await
    }

    async fn ask(&mut self, method: Method, path: &str, body: Bytes) -> Result<Answer> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        let closed = Foreseen("the connection was closed before the request");
        self.sender.ready().await.context(closed)?;
        let response = self.sender.send_request(request).await.context(Foreseen("no answer"))?;
        let status = response.status();
        let half = Foreseen("half an answer");
        let body = response.into_body().collect().await.context(half)?.to_bytes();
        let body = serde_json::from_slice(&body)
            .with_context(|| format!("an answer that is no JSON, with status {status}"))?;
        Ok(Answer { status, body })
    }
}
