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

pub(super) use atom::read as word;
use form::form;
pub(super) use form::part;
pub(super) use token::Lexer;
use token::{Bracket, Token};
pub use write::write;

use super::{
    foreign::{Fields, Foreign, Part},
    shorten,
};
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

    fn read(&mut self) -> Result<Option<Foreign<'t>>, Malformed> {
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
                (Some(Token::Open(Bracket::Map)), _) => {
                    self.lexer = ahead;
                    return op(&mut self.lexer, line).map(Some);
                }
                (Some(Token::Tag(_)), _) => self.lexer = ahead,
                (Some(Token::Discard), _) => {
                    self.lexer = ahead;
                    form(&mut self.lexer)?;
                }
                (Some(Token::Open(_) | Token::Word(_) | Token::Text(_)), _) => {
                    let other = form(&mut self.lexer)?.unwrap_or_default().to_string();
                    let message = format!("not an op, which is a map: {}", shorten(&other));
                    return Err(Malformed { line, message });
                }
            }
        }
    }
}

/// Reads the op whose map was opened on this line. It goes without the map: most of a history is
/// the names of its fields.
fn op<'t>(lexer: &mut Lexer<'t>, line: usize) -> Result<Foreign<'t>, Malformed> {
    let mut fields = Fields::default();
    while let Some(name) = part(lexer)? {
        let name = name.text().map_err(|message| lexer.bad(message))?;
        let Some(value) = part(lexer)? else {
            return Err(lexer.bad(format!("an op has `{name}` without a value")));
        };
        let Some(slot) = fields.slot(&name) else {
            value.value().map_err(|message| lexer.bad(message))?;
            continue;
        };
        if !matches!(std::mem::replace(slot, value), Part::Nil) {
            return Err(lexer.bad(format!("an op has `{name}` twice")));
        }
    }
    match lexer.next()? {
        Some(Token::Close('}')) => fields.op(line).map_err(|message| Malformed { line, message }),
        Some(Token::Close(end)) => Err(lexer.bad(format!("`{end}` where `}}` should close"))),
        _ => Err(lexer.bad("the text ends in the middle of an op")),
    }
}

impl<'t> Iterator for Ops<'t> {
    type Item = Result<Foreign<'t>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let op = self.read().transpose();
        self.is_over = !matches!(op, Some(Ok(_)));
        op
    }
}
