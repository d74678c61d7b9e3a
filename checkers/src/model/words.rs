//! How explanations name calls and the time between them.
use super::Witness;

/// A call by its function and by who asked: `read by process 3 (op 7)`.
pub(super) fn name<I, O>(call: &Witness<'_, I, O>) -> String {
    let op = call.invoked;
    format!("{} by {} (op {})", op.f, op.process, op.index)
}

/// How long one call had been over when another began, as a person says it; `None` where it was
/// not over.
pub(super) fn gap<I, O>(before: &Witness<'_, I, O>, after: &Witness<'_, I, O>) -> Option<String> {
    let done = before.completed.filter(|done| done.row < after.invoked.row)?;
    Some(span(after.invoked.time.saturating_sub(done.time)))
}

/// A duration (in nanoseconds) as a person says it.
pub(crate) fn span(nanos: u64) -> String {
    let seconds = nanos as f64 / 1e9;
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{:.1} µs", seconds * 1e6),
        1_000_000..1_000_000_000 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}
