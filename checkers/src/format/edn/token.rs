//! EDN text cut into tokens.
use std::borrow::Cow;

use super::atom;
use crate::Malformed;

/// The brackets that hold forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    List,
    Vector,
    Set,
    Map,
}

impl Bracket {
    /// What closes it.
    pub(super) fn end(self) -> char {
        match self {
            Bracket::List => ')',
            Bracket::Vector => ']',
            Bracket::Set | Bracket::Map => '}',
        }
    }
}

/// A piece of EDN.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// `(`, `[`, `#{` or `{`.
    Open(Bracket),
    /// `)`, `]` or `}`.
    Close(char),
    /// A form without parts that is neither string nor character: `nil`, `:keyword`, `17`.
    Word(&'t str),
    /// A string or a character, without its backslashes.
    Text(Cow<'t, str>),
    /// `#tag`: belongs to the next form. Of `#:name{..}` the name, which its keys lack.
    Tag(Option<&'t str>),
    /// `#_`: the next form is not there.
    Discard,
}

/// Reads tokens one by one.
#[derive(Clone, Debug)]
pub(in crate::format) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Lexer<'t> {
    /// Reads this text, whose first line has this number.
    pub(in crate::format) fn new(text: &'t str, line: usize) -> Lexer<'t> {
        Lexer { text, at: 0, line }
    }

    /// The line that was reached.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// What has not been read yet.
    pub(in crate::format) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The error with the line that was reached.
    pub(super) fn bad(&self, message: impl Into<String>) -> Malformed {
        Malformed { line: self.line, message: message.into() }
    }

    /// The next token; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token<'t>>, Malformed> {
        self.skip_blanks();
        let Some(&first) = self.text.as_bytes().get(self.at) else { return Ok(None) };
        let token = match first {
            b'(' => self.take(1, Token::Open(Bracket::List)),
            b'[' => self.take(1, Token::Open(Bracket::Vector)),
            b'{' => self.take(1, Token::Open(Bracket::Map)),
            b')' | b']' | b'}' => self.take(1, Token::Close(first.into())),
            b'"' => {
                self.at += 1;
                Token::Text(self.string()?)
            }
            b'\\' => Token::Text(self.character()?.to_string().into()),
            b'#' => self.dispatch()?,
            _ => Token::Word(self.word()),
        };
        Ok(Some(token))
    }

    fn take(&mut self, bytes: usize, token: Token<'t>) -> Token<'t> {
        self.at += bytes;
        token
    }

    /// Commas are blanks, and a `;` begins a comment.
    fn skip_blanks(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b';' => {
                    let rest = &bytes[self.at..];
                    self.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                    continue;
                }
                b'\n' => self.line += 1,
                _ if is_blank(byte) => (),
                _ => return,
            }
            self.at += 1;
        }
    }

    /// Everything up to a blank or a bracket.
    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| ENDS[usize::from(byte)]).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// What begins with `#`.
    fn dispatch(&mut self) -> Result<Token<'t>, Malformed> {
        match self.rest().as_bytes().get(1) {
            Some(b'{') => Ok(self.take(2, Token::Open(Bracket::Set))),
            Some(b'_') => Ok(self.take(2, Token::Discard)),
            Some(b'"') => Ok(self.take(1, Token::Tag(None))), // A regular expression is its text.
            Some(b'#') => Ok(Token::Text(self.word().trim_start_matches('#').into())),
            Some(b':') => Ok(Token::Tag(Some(self.word()[2..].trim_start_matches(':')))),
            Some(byte) if byte.is_ascii_alphabetic() => {
                self.word();
                Ok(Token::Tag(None))
            }
            _ => Err(self.bad("`#` must be followed by a tag, `{` or `_`")),
        }
    }

    /// `\a`, `\newline`, `\u00e9`.
    fn character(&mut self) -> Result<char, Malformed> {
        self.at += 1;
        let Some(first) = self.rest().chars().next() else {
            return Err(self.bad("a character is missing after `\\`"));
        };
        let start = self.at;
        self.at += first.len_utf8(); // Which may be a bracket.
        self.word();
        let name = &self.text[start..self.at];
        atom::character(name).map_err(|message| self.bad(message))
    }

    /// The text up to the closing quote.
    fn string(&mut self) -> Result<Cow<'t, str>, Malformed> {
        let mut is_escaped = false;
        let rest = self.rest();
        let end = rest.bytes().position(|byte| {
            let is_end = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end
        });
        let Some(end) = end else { return Err(self.bad("a string has no end")) };
        let raw = &rest[..end];
        let text = if raw.contains('\\') {
            Cow::Owned(atom::unescape(raw).map_err(|message| self.bad(message))?)
        } else {
            Cow::Borrowed(raw)
        };
        self.line += raw.bytes().filter(|&byte| byte == b'\n').count();
        self.at += end + 1;
        Ok(text)
    }
}

/// What ends a word, by byte: a table, since most of a history is words.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let is_mark = matches!(byte as u8, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b';');
        ends[byte] = is_mark || is_blank(byte as u8);
        byte += 1;
    }
    ends
};

const fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b',' || byte == 0x0b
}
