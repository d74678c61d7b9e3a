//! (result, history, logs) -> one self-contained HTML page. Pure: no disk, no clock.
//!
//! The page fetches nothing and reads with scripts switched off: the verdict, the anomalies with
//! their drawings and every table are HTML made here. Only the timeline is drawn in the browser.
//! Each section is a file that holds its data and, beside it, its markup.
mod anomalies;
mod calls;
mod clocks;
mod cycle;
mod faults;
mod format;
mod hurt;
mod lanes;
mod logs;
mod marks;
mod page;
mod properties;
mod rates;
mod reproduce;
mod sample;
mod stats;
mod sub_history;
mod timeline_data;
mod verdict_bar;
mod warp;

use askama::Template;
use checkers::History;

use crate::result::RunResult;

/// What the page shows.
pub struct Report<'a> {
    /// The result as stored.
    pub result: &'a RunResult,
    /// The history as recorded; absent where no op was.
    pub history: Option<&'a History>,
    /// For each node, the tail of each log file: (node, file, text).
    pub logs: &'a [(String, String, String)],
}

/// Renders the page.
///
/// # Errors
/// Where the template or the timeline's data cannot be written.
pub fn render(report: &Report<'_>) -> anyhow::Result<String> {
    Ok(page::Page::new(report)?.render()?)
}
