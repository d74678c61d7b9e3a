//! What is judged bit by bit gets the verdict that it gets as a whole.
use checkers::{Budget, Checker, History, Valid, Verdict};

/// The verdict on a whole history.
pub(crate) fn whole(checker: &dyn Checker, text: &str) -> Verdict {
    checker.check(&History::read(text).expect("a history"), &Budget::unlimited())
}

/// Feeds a history in pieces of so many bytes and settles after each.
///
/// # Panics
/// Where the verdict is not the whole's, or what was said meanwhile was not true of what had come,
/// or taken back.
#[track_caller]
pub(crate) fn is_judged_as_whole(checker: &dyn Checker, text: &str, piece: usize) {
    let budget = Budget::unlimited();
    let mut stream = checker.stream().expect("a stream");
    let (mut fed, mut last) = (0, Valid::Valid);
    for piece in text.as_bytes().chunks(piece) {
        fed += piece.len();
        stream.feed(piece, &budget, &mut |_| ()).expect("a history");
        let valid = stream.settle(&budget);
        assert!(last <= valid, "taken back: {valid:?} after {last:?}");
        last = valid;
        let lines = text[..fed].rfind('\n').map_or("", |end| &text[..=end]);
        if valid == Valid::Invalid {
            assert_eq!(whole(checker, lines).valid, valid);
        }
    }
    let verdict = stream.finish(&budget, &mut |_| ()).expect("a history").verdict;
    assert!(last <= verdict.valid);
    let verdict = format!("{:?}", without_streams_words(verdict));
    assert_eq!(verdict, format!("{:?}", without_streams_words(whole(checker, text))));
}

/// The verdict without what only a stream has to say.
fn without_streams_words(mut verdict: Verdict) -> Verdict {
    for name in ["streamed", "window_ops_max", "window_bytes_max", "windows_bytes_max"] {
        verdict.details.remove(name);
    }
    verdict
}
