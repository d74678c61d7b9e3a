//! Where the parts of a JSON value are, without building it. A history's values were parsed once
//! when it was read; here only their borders are looked for, a list of numbers in one leap.

/// A place in the text of a JSON value. Every step gives `None` where the text has something else.
#[derive(Clone, Copy)]
pub(super) struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Scan<'t> {
        Scan { text, at: 0 }
    }

    fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    fn peek(&mut self) -> Option<u8> {
        while self.bytes().get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.bytes().get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Steps into a list.
    pub(super) fn open(&mut self) -> Option<()> {
        self.skip(b'[')
    }

    /// Steps to the next item of the list, or out of it: whether there is one. `is_first` where
    /// the list was just opened.
    pub(super) fn item(&mut self, is_first: bool) -> Option<bool> {
        if self.skip(b']').is_some() {
            return Some(false);
        }
        if !is_first {
            self.skip(b',')?;
        }
        Some(true)
    }

    /// Whether nothing follows.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The text of the value that begins here; steps behind it.
    pub(super) fn value(&mut self) -> Option<&'t str> {
        let first = self.peek()?;
        let start = self.at;
        self.at += match first {
            b'[' => self.flat_list().or_else(|| self.nested())?,
            b'{' => self.nested()?,
            b'"' => self.string(start)?,
            _ => self.bytes()[start..].iter().take_while(|byte| is_plain(**byte)).count(),
        };
        let text = self.text.get(start..self.at)?;
        (!text.is_empty()).then_some(text)
    }

    /// Length of the list that begins here, if there is no list, object or text in it.
    fn flat_list(&self) -> Option<usize> {
        let rest = &self.bytes()[self.at + 1..];
        let end = memchr::memchr(b']', rest)?;
        memchr::memchr3(b'[', b'"', b'{', &rest[..end]).is_none().then_some(end + 2)
    }

    /// Length of the text that begins at a quotation mark.
    fn string(&self, start: usize) -> Option<usize> {
        let mut at = start + 1;
        loop {
            at += memchr::memchr2(b'"', b'\\', self.bytes().get(at..)?)?;
            match self.bytes()[at] {
                b'"' => return Some(at + 1 - start),
                _ => at += 2,
            }
        }
    }

    /// Length of the list or object that begins here, whatever is in it.
    fn nested(&self) -> Option<usize> {
        let (mut depth, mut at) = (0_usize, self.at);
        loop {
            match self.bytes().get(at)? {
                b'"' => {
                    at += self.string(at)?;
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth -= 1,
                _ => (),
            }
            at += 1;
            if depth == 0 {
                return Some(at - self.at);
            }
        }
    }
}

fn is_plain(byte: u8) -> bool {
    !matches!(byte, b',' | b']' | b'}' | b':') && !byte.is_ascii_whitespace()
}

/// The items of a list; `None` after the last, or where the text is no list.
pub(super) fn items(list: &str) -> impl Iterator<Item = &str> {
    let mut scan = Scan::new(list);
    let mut is_first = true;
    let mut is_open = scan.open().is_some();
    std::iter::from_fn(move || {
        is_open = is_open && scan.item(std::mem::take(&mut is_first)) == Some(true);
        is_open.then(|| scan.value()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_whatever_they_are() {
        let list = r#" [1, -2.5,"a]\"[", [3,[4]] ,{"k":[5],"]":"}"}, null ]"#;
        let found: Vec<&str> = items(list).collect();
        let expected = ["1", "-2.5", r#""a]\"[""#, "[3,[4]]", r#"{"k":[5],"]":"}"}"#, "null"];
        assert_eq!(found, expected);
        assert_eq!(items("[]").count(), 0);
        assert_eq!(items("7").count(), 0);
    }

    #[test]
    fn what_is_cut_gives_nothing_more() {
        for text in ["[1", "[1,", "[[1", "[\"a", "[{", "[1}", "[\"a\\"] {
            assert!(items(text).count() <= 1, "{text}");
        }
    }
}
