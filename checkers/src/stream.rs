//! Judging a history that comes bit by bit, in less memory than it takes.
//!
//! Fed the text of a history piece by piece, a [`Stream`] keeps of each key only what is open to
//! doubt, and says the same in the end as its checker would say of the whole.
use std::collections::BTreeMap;

use crate::{Budget, History, Malformed, Valid, Verdict, history::Seen};

pub(crate) mod fold;

/// Who sees every op as it comes, in order, while it is judged.
pub type Watch<'w> = dyn FnMut(&Seen<'_>) + Send + 'w;

/// A check of one history, which comes bit by bit.
pub trait Stream: Send {
    /// Takes in the next piece of JSON Lines, which may end anywhere; judges where that makes it
    /// too much to keep.  Gives the worst that is known.
    ///
    /// # Errors
    /// [`Malformed`] as [`History::read`].
    fn feed(
        &mut self,
        text: &[u8],
        budget: &Budget,
        watch: &mut Watch<'_>,
    ) -> Result<Valid, Malformed>;

    /// Judges at once what can be judged, and drops it. Gives the worst that is known.
    fn settle(&mut self, budget: &Budget) -> Valid;

    /// The verdict on all that was fed.
    ///
    /// # Errors
    /// [`Malformed`] as [`History::read`].
    fn finish(
        self: Box<Self>,
        budget: &Budget,
        watch: &mut Watch<'_>,
    ) -> Result<Streamed, Malformed>;
}

/// What is known of a history that is gone.
#[derive(Debug)]
pub struct Streamed {
    /// The verdict, as a checker of the whole gives it. The details say how large the largest
    /// window was (`window_ops_max`, `window_bytes_max`) and all of them together
    /// (`windows_bytes_max`).
    pub verdict: Verdict,
    /// By key, the ops that its anomalies name.
    pub evidence: BTreeMap<Option<u32>, History>,
    /// What the nemesis did.
    pub nemesis: History,
}
