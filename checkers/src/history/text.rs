//! A piece of a text that is not looked at before somebody wants to know: of millions of values most
//! lie in memory that is cold.
use std::{fmt, ops::Deref};

/// A piece of a text.
#[derive(Clone, Copy)]
pub struct Text<'t> {
    pub(super) text: &'t str,
    pub(super) from: usize,
    pub(super) until: usize,
}

impl<'t> Text<'t> {
    /// All of a text.
    pub fn of(text: &'t str) -> Text<'t> {
        Text { text, from: 0, until: text.len() }
    }

    /// What it says.
    pub fn as_str(self) -> &'t str {
        &self.text[self.from..self.until]
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
