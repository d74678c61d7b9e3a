//! Every way to choose one of each of several lists, as long as there are not too many.

/// So many ways are tried at most.
const WAYS_MAX: usize = 1 << 12;

/// The choices, one after the other: for each list the number of an element.
pub(super) struct Choices {
    lengths: Vec<usize>,
    next: usize,
    count: usize,
}

impl Choices {
    /// All choices from lists of these lengths, none of them empty; `None` where there are too many.
    pub(super) fn new(lengths: Vec<usize>) -> Option<Choices> {
        let times = |count: usize, &length: &usize| {
            count.checked_mul(length).filter(|&count| count <= WAYS_MAX)
        };
        let count = lengths.iter().try_fold(1, times)?;
        Some(Choices { lengths, next: 0, count })
    }
}

impl Iterator for Choices {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        if self.next == self.count {
            return None;
        }
        let mut rest = self.next;
        self.next += 1;
        let digit = |length: &usize| {
            let digit = rest % length;
            rest /= length;
            digit
        };
        Some(self.lengths.iter().map(digit).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_comes_once() {
        let all: Vec<_> = Choices::new(vec![2, 1, 2]).unwrap().collect();
        assert_eq!(all, [[0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1]]);
        assert_eq!(Choices::new(Vec::new()).unwrap().count(), 1);
        assert!(Choices::new(vec![10; 9]).is_none());
    }
}
