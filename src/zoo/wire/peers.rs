//! All other nodes, asked at once.
use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Result;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout_at},
};

use super::link::{self, Call};
use crate::zoo::weather::Weather;

/// Links to all other nodes.
pub(crate) struct Peers {
    links: Vec<mpsc::UnboundedSender<Call>>,
    weather: Arc<Weather>,
}

impl Peers {
    /// Starts a link from node `me` to each of the others.
    pub(crate) fn dial(me: usize, nodes: &[SocketAddr], weather: Arc<Weather>) -> Peers {
        let others = nodes.iter().copied().enumerate().filter(|(i, _)| *i != me);
        let links = others.map(|(peer, address)| {
            let (calls, queue) = mpsc::unbounded_channel();
            tokio::spawn(link::keep(me, peer, address, queue));
            calls
        });
        Peers { links: links.collect(), weather }
    }

    /// Asks every peer, and returns what they answered as soon as `need` of them did. Fewer than
    /// that come back where the deadline has passed or no other peer can answer any more. The rest
    /// is still asked: it hears of it later, or never.
    ///
    /// # Errors
    /// When the request cannot be written as JSON.
    pub(crate) async fn gather<R: DeserializeOwned>(
        &self,
        request: &impl Serialize,
        need: usize,
        deadline: Duration,
    ) -> Result<Vec<R>> {
        let deadline = Instant::now() + deadline;
        let body = serde_json::value::to_raw_value(request)?;
        let (answer, mut answers) = mpsc::unbounded_channel();
        for link in &self.links {
            self.send(link, Call { body: body.clone(), answer: answer.clone() });
        }
        drop(answer); // So that the channel closes when the last peer has answered or was lost.
        let mut gathered = Vec::new();
        while gathered.len() < need
            && let Ok(Some(answer)) = timeout_at(deadline, answers.recv()).await
        {
            match serde_json::from_str(answer.get()) {
                Ok(answer) => gathered.push(answer),
                Err(e) => eprintln!("a peer's answer cannot be read: {e}"),
            }
        }
        Ok(gathered)
    }

    fn send(&self, link: &mpsc::UnboundedSender<Call>, call: Call) {
        // A link ends only with this process.
        match self.weather.hold() {
            None => drop(link.send(call)),
            Some(held) => {
                let link = link.clone();
                tokio::spawn(async move {
                    sleep(held).await;
                    let _ = link.send(call);
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Result;
    use serde_json::value::RawValue;
    use tokio::net::TcpListener;

    use super::*;
    use crate::zoo::wire::{Service, serve};

    struct Echo;

    impl Service for Echo {
        type PeerRequest = u32;
        type Request = u32;
        type Answer = u32;

        fn peer(&self, request: u32) -> Result<Box<RawValue>> {
            Ok(serde_json::value::to_raw_value(&request)?)
        }

        async fn client(&self, request: u32) -> u32 {
            request
        }
    }

    fn fair() -> Arc<Weather> {
        Arc::new(Weather::new(0, 0))
    }

    async fn echo() -> (SocketAddr, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (address, tokio::spawn(serve(listener, Arc::new(Echo), fair())))
    }

    #[tokio::test]
    async fn enough_answers_are_not_waited_for_longer() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (me, deaf) = ("127.0.0.1:1".parse().unwrap(), silent.local_addr().unwrap());
        let peers = Peers::dial(0, &[me, echo().await.0, deaf, echo().await.0], fair());
        let started = Instant::now();
        let two = peers.gather::<u32>(&7, 2, Duration::from_secs(5)).await.unwrap();
        assert_eq!(two, [7, 7]);
        assert!(started.elapsed() < Duration::from_secs(1));
        let all = peers.gather::<u32>(&8, 3, Duration::from_millis(300)).await.unwrap();
        assert_eq!(all, [8, 8]);
    }

    #[tokio::test]
    async fn a_peer_that_nobody_can_reach_is_given_up_before_the_deadline() {
        let me = "127.0.0.1:1".parse().unwrap();
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let peers = Peers::dial(0, &[me, nobody], fair());
        let started = Instant::now();
        assert!(peers.gather::<u32>(&7, 1, Duration::from_secs(9)).await.unwrap().is_empty());
        assert!(started.elapsed() < Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_silent_connection_is_replaced_by_a_new_one() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (me, peer) = ("127.0.0.1:1".parse().unwrap(), listener.local_addr().unwrap());
        let peers = Peers::dial(0, &[me, peer], fair());
        let swallowed = listener.accept().await.unwrap();
        let none = peers.gather::<u32>(&7, 1, Duration::from_secs(9)).await.unwrap();
        assert!(none.is_empty());
        tokio::spawn(serve(listener, Arc::new(Echo), fair()));
        let one = peers.gather::<u32>(&8, 1, Duration::from_secs(1)).await.unwrap();
        assert_eq!(one, [8]);
        drop(swallowed);
    }
}
