//! Whatever a file contains, it is read or refused. (`fuzz_targets.rs` tries histories that are
//! nearly right.)
use checkers::format::{self, Keys, edn};
use proptest::prelude::*;

/// Reads and writes: nothing is expected of the answer.
fn survives(text: Vec<u8>) {
    for keys in [Keys::Auto, Keys::Independent, Keys::None] {
        if let Ok(history) = format::read(text.clone(), keys) {
            let _ = edn::write(&history);
        }
    }
    let _ = format::read_torn(text, Keys::Auto);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(text in proptest::collection::vec(any::<u8>(), 0..60)) {
        survives(text);
    }

    #[test]
    fn any_text_that_looks_like_edn(rest in "[\\[\\](){}\"#_:;\\\\a-z0-9 \n/.é-]{0,60}") {
        survives(format!("{{:{rest}").into());
    }
}
