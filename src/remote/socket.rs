//! A datagram socket on a node, used from the controller.
//!
//! Where the controller can make the socket itself, [`local`] serves it; elsewhere netsplit's own
//! executable does the same on the node ([`serve`]) and is talked to by lines: `10.0.0.2:4000
//! TEXT` on its standard input sends, and what is received appears on its standard output.
use std::{
    io::Write,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    net::UdpSocket,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// A socket on a node.
pub struct Socket {
    /// Its address.
    pub at: SocketAddr,
    /// Takes what to send and whither: text of one line, shorter than [`LENGTH_MAX`] bytes.
    pub sender: UnboundedSender<(SocketAddr, String)>,
    /// Gives what was received; closed when the socket failed or the node was lost.
    pub receiver: UnboundedReceiver<String>,
    /// How long a datagram over a healthy link may take, with the ways from here and back.
    pub patience: Duration,
}

/// The longest datagram that is received whole.
pub const LENGTH_MAX: usize = 64;

/// Far above the delay of a healthy link.
const PATIENCE: Duration = Duration::from_millis(300);

/// Serves a socket that this process has made.
///
/// # Errors
/// When the runtime refuses it.
pub(super) fn local(socket: std::net::UdpSocket) -> Result<Socket> {
    let at = socket.local_addr()?;
    socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(socket)?;
    let (sender, mut orders) = unbounded_channel::<(SocketAddr, String)>();
    let (heard, receiver) = unbounded_channel();
    tokio::spawn(async move {
        let mut buffer = [0; LENGTH_MAX];
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let Some((to, text)) = order else { return };
                    // A refusal is an answer too: then nothing arrives.
                    let _ = socket.send_to(text.as_bytes(), to).await;
                }
                received = socket.recv(&mut buffer) => {
                    let Ok(length) = received else { return };
                    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    if heard.send(text).is_err() {
                        return;
                    }
                }
            }
        }
    });
    Ok(Socket { at, sender, receiver, patience: PATIENCE })
}

/// A socket of the controller's own.
///
/// # Errors
/// When the address is not this machine's.
pub(crate) fn here(ip: IpAddr) -> Result<Socket> {
    let socket = std::net::UdpSocket::bind((ip, 0));
    local(socket.with_context(|| format!("failed to bind {ip}"))?)
}

/// The address of this machine from which it reaches another; none where it cannot.
pub(crate) fn towards(ip: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if ip.is_ipv4() { [0u8; 4].into() } else { [0u8; 16].into() };
    let socket = std::net::UdpSocket::bind((any, 0)).ok()?;
    // Nothing is sent: the kernel only chooses a route.
    socket.connect((ip, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Serves a socket over standard input and output, until the input ends. Its own address is the
/// first line.
///
/// # Errors
/// When the address is not this machine's, or an order is no order.
pub async fn serve(ip: IpAddr) -> Result<()> {
    let socket =
        std::net::UdpSocket::bind((ip, 0)).with_context(|| format!("failed to bind {ip}"))?;
    let mut socket = local(socket)?;
    say(&socket.at.to_string())?;
    let (sender, mut orders) = unbounded_channel();
    // A thread that is never waited for: reading cannot be interrupted.
    std::thread::spawn(move || {
        let lines = std::io::stdin().lines().map_while(std::result::Result::ok);
        lines.into_iter().all(|line| sender.send(line).is_ok())
    });
    loop {
        tokio::select! {
            line = orders.recv() => {
                let Some(line) = line else { return Ok(()) };
                let (to, text) = line.split_once(' ').context("an order has two words")?;
                socket.sender.send((to.parse()?, text.to_owned())).context("the socket failed")?;
            }
            text = socket.receiver.recv() => {
                let text = text.context("the socket failed")?;
                // Strangers may send anything.
                say(&text.replace(char::is_control, " "))?;
            }
        }
    }
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
