//! A process of this machine that stands for a command on a node.
use std::process::{Output, Stdio};

use anyhow::{Context, Result, bail};
use tokio::{io::AsyncWriteExt, process::Command};

use super::{Input, Job, Sink};

/// Runs it to its end, with the job's input, sink and deadline.
///
/// # Errors
/// When it cannot be started, or has not ended at the deadline (it is killed then).
pub(crate) async fn run(mut command: Command, job: Job<'_>) -> Result<Output> {
    let name = || {
        let words: Vec<_> = job.argv.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    };
    let (stdin, bytes) = match job.input {
        Input::Bytes(bytes) => (Stdio::piped(), bytes),
        Input::File(file) => (file.into(), &b""[..]),
    };
    let stdout = match job.sink {
        Sink::Memory => Stdio::piped(),
        Sink::File(file) => file.into(),
    };
    command.stdin(stdin).stdout(stdout).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("failed to run {}", name()))?;
    // The command holds the only other end of the files: it alone decides when they are closed.
    drop(command);
    let pipe = child.stdin.take();
    let feed = async move {
        if let Some(mut pipe) = pipe {
            // A command that does not read its input is no error; its exit code tells.
            let _ = pipe.write_all(bytes).await;
        }
    };
    let work = async { tokio::join!(feed, child.wait_with_output()).1 };
    match tokio::time::timeout(job.deadline, work).await {
        Ok(output) => Ok(output?),
        Err(_) => bail!("`{}` did not end within {:?}", name(), job.deadline),
    }
}
