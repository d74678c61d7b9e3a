//! Values by number, so that comparing two is comparing two integers.
use rustc_hash::FxHashMap;

use crate::Datum;

/// The values met so far, numbered from 0 in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Numbers of small integers, which most values are, by the integer.
    small: Vec<u32>,
    others: FxHashMap<Datum, u32>,
    count: u32,
}

const NONE: u32 = u32::MAX;

impl Numbers {
    /// How many values there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The values, each at its number, if all are texts.
    pub(super) fn texts(&self) -> Option<Vec<&[u8]>> {
        let texts = self.others.iter().map(|(value, &number)| match value {
            Datum::Text(text) => Some((number, text.as_bytes())),
            _ => None,
        });
        let mut texts: Vec<(u32, &[u8])> = texts.collect::<Option<_>>()?;
        texts.sort_unstable_by_key(|&(number, _)| number);
        (texts.len() == self.count as usize).then(|| texts.into_iter().map(|(_, t)| t).collect())
    }

    /// The number of a value, if it was met.
    pub(super) fn get(&self, value: &Datum) -> Option<u32> {
        if let Some(small) = small(value)
            && let Some(&number) = self.small.get(small)
            && number != NONE
        {
            return Some(number);
        }
        self.others.get(value).copied()
    }

    /// The number of a value, a new one if it was not met.
    pub(super) fn number(&mut self, value: &Datum) -> u32 {
        if let Some(number) = self.get(value) {
            return number;
        }
        let number = self.count;
        self.count += 1;
        // The table is no larger than the values are many, within reason.
        let places = 16 * (self.count as usize + 1024);
        match small(value).filter(|&small| small < places) {
            Some(small) => {
                if small >= self.small.len() {
                    self.small.resize((small + 1).next_power_of_two(), NONE);
                }
                self.small[small] = number;
            }
            None => drop(self.others.insert(value.clone(), number)),
        }
        number
    }
}

fn small(value: &Datum) -> Option<usize> {
    match value {
        Datum::Int(number) => usize::try_from(*number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_number() {
        let mut numbers = Numbers::default();
        let values = [Datum::Null, 7.into(), (-7).into(), 5_000_000.into(), "7".into(), 8.into()];
        for (i, value) in values.iter().enumerate() {
            assert_eq!(numbers.number(value), i as u32);
        }
        // The table has room for five million by now; the number given before stands.
        for i in 0..400_000 {
            numbers.number(&Datum::Int(i));
        }
        for (i, value) in values.iter().enumerate() {
            assert_eq!(numbers.number(value), i as u32);
        }
        assert_eq!(numbers.get(&"none".into()), None);
    }
}
