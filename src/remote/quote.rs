//! Words for a POSIX shell.
use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

/// The words as a shell reads them, byte for byte, whatever they hold; itself it is plain ASCII, which
/// whoever carries it to the shell leaves as it is.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> String {
    words.into_iter().map(|word| quoted(word.as_bytes())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &[u8]) -> String {
    let mut text = String::from("'");
    for part in word.chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
        if part[0].is_ascii() {
            text.extend(part.iter().map(|&byte| match byte {
                b'\'' => r"'\''".to_owned(),
                byte => char::from(byte).to_string(),
            }));
            continue;
        }
        // What is substituted loses newlines at its end, and here there are none.
        text.push_str(r#"'"$(printf '"#);
        text.extend(part.iter().map(|byte| format!(r"\{byte:o}")));
        text.push_str(r#"')"'"#);
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quote_ends_the_quotes_is_escaped_and_begins_them_again() {
        assert_eq!(words(["it's", "", "$HOME"].map(OsStr::new)), r"'it'\''s' '' '$HOME'");
        assert_eq!(words([OsStr::new("é!")]), r#"''"$(printf '\303\251')"'!'"#);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn any_bytes_survive_a_shell(bytes in prop::collection::vec(1..=u8::MAX, 0..40)) {
            let script = words(["printf", "%s"].map(OsStr::new).into_iter().chain([OsStr::from_bytes(&bytes)]));
            prop_assert!(script.is_ascii());
            let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
            prop_assert_eq!(output.stdout, bytes);
        }
    }
}
