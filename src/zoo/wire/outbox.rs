//! The writing half of a connection: lines from many tasks, in few writes.
use tokio::{io::AsyncWriteExt, net::tcp::OwnedWriteHalf, sync::mpsc};

/// Lines waiting are joined into writes of about this size.
const WRITE_BYTES: usize = 64 * 1024;

/// Writes lines until nobody can send one any more, or the connection breaks.
pub(super) async fn write(mut half: OwnedWriteHalf, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(mut text) = lines.recv().await {
        text.push('\n');
        while text.len() < WRITE_BYTES
            && let Ok(line) = lines.try_recv()
        {
            text.push_str(&line);
            text.push('\n');
        }
        if half.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}
