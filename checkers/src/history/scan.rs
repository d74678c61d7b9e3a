//! The common line, read without ceremony. A history has millions of lines that all look alike; a
//! line that looks any different (escapes, fractions, text beyond ASCII, objects, strange blanks)
//! is left to serde. Whatever this accepts, serde reads the same (a property test says so).
use super::{Kind, NONE, Process, reader::Line};

/// Arrays within arrays deeper than this are left to serde.
const DEPTH_MAX: u32 = 32;

/// Reads a line, if it is of the common kind.
pub(super) fn line(text: &str) -> Option<Line<'_>> {
    let mut scan = Scan { text, at: 0 };
    let mut fields = Fields::default();
    scan.expect(b'{')?;
    loop {
        scan.skip_spaces();
        let name = scan.string()?;
        scan.skip_spaces();
        scan.expect(b':')?;
        scan.skip_spaces();
        fields.read(name, &mut scan)?;
        scan.skip_spaces();
        match scan.next()? {
            b',' => (),
            b'}' => break,
            _ => return None,
        }
    }
    (scan.at == text.len()).then(|| fields.finish()).flatten()
}

/// The fields met so far.
#[derive(Default)]
struct Fields<'a> {
    index: Option<u32>,
    time: Option<u64>,
    process: Option<Process>,
    kind: Option<Kind>,
    f: Option<&'a str>,
    key: Option<u32>,
    /// Present, and `None` where it is `null`.
    value: Option<Option<&'a str>>,
    node: Option<&'a str>,
    due: Option<u64>,
}

impl<'a> Fields<'a> {
    /// Reads one field. A second one of the same name is serde's to refuse.
    fn read(&mut self, name: &str, scan: &mut Scan<'a>) -> Option<()> {
        match name {
            "index" => fill(&mut self.index, u32::try_from(scan.number()?).ok()?),
            "time" => fill(&mut self.time, scan.number()?),
            "process" => fill(&mut self.process, scan.process()?),
            "type" => fill(&mut self.kind, kind(scan.string()?)?),
            "f" => fill(&mut self.f, scan.string()?),
            "key" => fill(&mut self.key, u32::try_from(scan.number()?).ok()?),
            "value" => {
                let value = scan.value()?;
                fill(&mut self.value, (value != "null").then_some(value))
            }
            "node" => fill(&mut self.node, scan.string()?),
            "due" => fill(&mut self.due, scan.number()?),
            _ => scan.value().map(drop),
        }
    }

    fn finish(self) -> Option<Line<'a>> {
        Some(Line {
            index: self.index,
            time: self.time.unwrap_or(0),
            due: self.due,
            process: self.process?,
            kind: self.kind?,
            f: self.f?.into(),
            key: self.key,
            value: self.value.flatten(),
            node: self.node.map(Into::into),
        })
    }
}

fn fill<T>(field: &mut Option<T>, value: T) -> Option<()> {
    match field.replace(value) {
        None => Some(()),
        Some(_) => None,
    }
}

fn kind(name: &str) -> Option<Kind> {
    match name {
        "invoke" => Some(Kind::Invoke),
        "ok" => Some(Kind::Ok),
        "fail" => Some(Kind::Fail),
        "info" => Some(Kind::Info),
        _ => None,
    }
}

/// A place in a line. Every step gives `None` where the line is not of the common kind.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// A string of printable ASCII without escapes, without its quotes.
    fn string(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let start = self.at;
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        let rest = &self.text.as_bytes()[start..];
        self.at += rest.iter().position(|byte| !is_plain(byte))?;
        let end = self.at;
        self.expect(b'"')?;
        self.text.get(start..end)
    }

    /// A whole number of at most 19 digits, which any `u64` holds, and no leading zero.
    fn number(&mut self) -> Option<u64> {
        let start = self.at;
        let mut number = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if self.at - start == 19 {
                return None;
            }
            number = number * 10 + u64::from(digit - b'0');
            self.at += 1;
        }
        let has_leading_zero = self.at - start > 1 && self.text.as_bytes()[start] == b'0';
        (self.at > start && !has_leading_zero).then_some(number)
    }

    fn process(&mut self) -> Option<Process> {
        if self.peek() == Some(b'"') {
            return (self.string()? == "nemesis").then_some(Process::Nemesis);
        }
        let number = u32::try_from(self.number()?).ok()?;
        (number != NONE).then_some(Process::Client(number))
    }

    /// Scalars and arrays of them, as text.
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        let mut depth = 0;
        loop {
            // Here a value begins, or an empty array ends.
            match self.peek()? {
                b'[' => {
                    self.at += 1;
                    self.skip_spaces();
                    if self.peek()? != b']' {
                        depth += 1;
                        if depth > DEPTH_MAX {
                            return None;
                        }
                        continue;
                    }
                    self.at += 1;
                }
                _ => self.scalar()?,
            }
            self.close(&mut depth)?;
            if depth == 0 {
                return self.text.get(start..self.at);
            }
        }
    }

    /// Behind a value: ends the arrays that end here, then goes on to the next value of the last.
    fn close(&mut self, depth: &mut u32) -> Option<()> {
        while *depth > 0 {
            self.skip_spaces();
            match self.next()? {
                b',' => {
                    self.skip_spaces();
                    return Some(());
                }
                b']' => *depth -= 1,
                _ => return None,
            }
        }
        Some(())
    }

    fn scalar(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'-' => {
                self.at += 1;
                self.number().map(drop)
            }
            _ => self.number().map(drop),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let is_there = self.text.as_bytes()[self.at..].starts_with(word);
        self.at += word.len();
        is_there.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What serde makes of it must be what the scan made of it, where it made anything.
    fn agrees(text: &str) -> bool {
        let Some(scanned) = line(text) else { return false };
        let read = Line::read(text);
        assert_eq!(read.ok(), Some(scanned), "{text}");
        true
    }

    #[test]
    fn common_lines_are_scanned() {
        for text in [
            r#"{"index":0,"time":5,"process":0,"type":"invoke","f":"write","key":3,"value":-1}"#,
            r#"{"type": "ok", "process": "nemesis", "f": "cut", "value": null, "node": "n1"}"#,
            r#"{"due":4,"process":7,"type":"invoke","f":"read"}"#,
            r#"{"process":7,"type":"info","f":"txn","value":[["r",1, null],[ ],[true]],"error":"x"}"#,
        ] {
            assert!(agrees(text), "{text}");
        }
    }

    #[test]
    fn all_else_is_left_to_serde() {
        let line = r#"{"process":7,"type":"ok","f":"write","value":1}"#;
        for (from, to) in [
            ("7", "07"),
            ("7", "4294967295"),
            ("7", "-7"),
            ("7", "7.0"),
            ("7", "7,\"process\":7"),
            ("ok", "k\\u006f"),
            ("ok", "okay"),
            ("write", "é"),
            ("value\":1", "value\":[1,]"),
            ("value\":1", "value\":[1"),
            ("value\":1", "value\":{}"),
            ("value\":1", "value\":nul"),
            ("value\":1", "value\":1.5"),
            ("value\":1", "value\":1,"),
            (",\"value\"", ",,\"value\""),
        ] {
            assert!(super::line(&line.replace(from, to)).is_none(), "{to}");
        }
    }

    /// Pieces that lines are made of, and pieces that spoil them.
    fn piece() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            "\"",
            "0",
            "7",
            "12",
            "-",
            "01",
            ".5",
            "1e3",
            "null",
            "true",
            "fals",
            "\"a\"",
            "\"é\"",
            "\\",
            "\"f\":\"read\"",
            "\"type\":\"ok\"",
            "\"process\":1",
            "\"key\":4",
            "\"key\":null",
            "\"time\":99999999999999999999",
            "\"value\":[1,[2]]",
            "\"value\":",
            "\"node\":\"n1\"",
            "\"index\":3",
            "\"due\":5",
            "\"due\":null",
            "\t",
            "\r",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_line_is_scanned_differently(
            pieces in prop::collection::vec(piece(), 0..6),
            cut in 0..70_usize,
            more in 0..12_usize,
        ) {
            let line = r#"{"index":0, "process":0,"type":"invoke","f":"cas","value":[1,"x"],"key":12}"#;
            let cut = cut.min(line.len());
            let after = (cut + more).min(line.len());
            agrees(&format!("{}{}{}", &line[..cut], pieces.concat(), &line[after..]));
            agrees(&format!("{{{}}}", pieces.join(",")));
        }
    }
}
