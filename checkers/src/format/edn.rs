//! Jepsen's and Knossos's `history.edn`.
//!
//! Maps, one after the other or in one vector or list:
//! `{:index 0, :time 12, :process 3, :type :invoke, :f :write, :value 4}`. Maps may carry a tag
//! (`#jepsen.history.Op{..}`); `:index` and `:time` may be missing; a process that is no number
//! is a nemesis. Porcupine's key-value logs are the same with a `:key`.
mod atom;
mod form;
mod token;
mod write;

pub(super) use form::form;
use serde_json::Value;
pub(super) use token::Lexer;
use token::{Bracket, Token};
pub use write::write;

use super::{foreign::Foreign, shorten};
use crate::Malformed;

/// The ops of an EDN text, in order. Nothing follows an error.
pub(super) struct Ops<'t> {
    lexer: Lexer<'t>,
    /// The vector or list that the ops are in, with its line.
    wrapper: Option<(Bracket, usize)>,
    is_over: bool,
}

impl<'t> Ops<'t> {
    /// The ops of this text.
    pub(super) fn new(text: &'t str) -> Ops<'t> {
        Ops { lexer: Lexer::new(text, 1), wrapper: None, is_over: false }
    }

    fn read(&mut self) -> Result<Option<Foreign>, Malformed> {
        loop {
            let mut ahead = self.lexer.clone();
            let token = ahead.next()?;
            let line = ahead.line();
            match (token, self.wrapper) {
                (None, None) => return Ok(None),
                (None, Some((bracket, line))) => {
                    let end = bracket.end();
                    let message = format!("what opens here is never closed with `{end}`");
                    return Err(Malformed { line, message });
                }
                (Some(Token::Open(bracket @ (Bracket::Vector | Bracket::List))), None) => {
                    self.wrapper = Some((bracket, line));
                    self.lexer = ahead;
                }
                (Some(Token::Close(end)), Some((bracket, _))) if bracket.end() == end => {
                    self.wrapper = None;
                    self.lexer = ahead;
                }
                (Some(Token::Close(end)), _) => {
                    return Err(ahead.bad(format!("`{end}` closes nothing")));
                }
                _ => match form(&mut self.lexer)? {
                    Some(Value::Object(map)) => return Foreign::from_map(line, map).map(Some),
                    Some(other) => {
                        let other = other.to_string();
                        let message = format!("not an op, which is a map: {}", shorten(&other));
                        return Err(Malformed { line, message });
                    }
                    None => (), // A discarded form.
                },
            }
        }
    }
}

impl Iterator for Ops<'_> {
    type Item = Result<Foreign, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let op = self.read().transpose();
        self.is_over = !matches!(op, Some(Ok(_)));
        op
    }
}
