//! Words for a POSIX shell.
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
};

/// The words as a shell reads them, byte for byte, whatever they hold.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> OsString {
    let quoted = words.into_iter().map(|word| {
        let inside = word.as_bytes().split(|&b| b == b'\'').collect::<Vec<_>>().join(&b"'\\''"[..]);
        [b"'", &inside[..], b"'"].concat()
    });
    OsString::from_vec(quoted.collect::<Vec<_>>().join(&b' '))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quote_ends_the_quotes_is_escaped_and_begins_them_again() {
        assert_eq!(words(["it's", "", "$HOME"].map(OsStr::new)), r"'it'\''s' '' '$HOME'");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn any_bytes_survive_a_shell(bytes in prop::collection::vec(1..=u8::MAX, 0..40)) {
            let mut script = OsString::from("printf %s ");
            script.push(words([OsStr::from_bytes(&bytes)]));
            let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
            prop_assert_eq!(output.stdout, bytes);
        }
    }
}
