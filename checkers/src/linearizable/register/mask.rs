//! Sets of open calls, as wide as it takes.
use std::{
    fmt::Debug,
    hash::Hash,
    ops::{BitAnd, BitOr, BitXor, Not},
};

/// A set of open calls; each has a bit of its own while it is open.
pub(super) trait Mask:
    Copy
    + Eq
    + Hash
    + Debug
    + Send
    + Sync
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
{
    /// No call.
    const NONE: Self;
    /// How many may be open at once.
    const BITS: u32;
    /// The set of one call.
    fn bit(slot: u32) -> Self;

    /// Whether no call is in it.
    fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// The calls that are in this one and not in the other.
    fn without(self, other: Self) -> Self {
        self & !other
    }
}

impl Mask for u64 {
    const NONE: u64 = 0;
    const BITS: u32 = u64::BITS;

    fn bit(slot: u32) -> u64 {
        1 << slot
    }
}

/// A mask of several words, for more open calls than one word has bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wide<const N: usize>([u64; N]);

impl<const N: usize> Mask for Wide<N> {
    const NONE: Wide<N> = Wide([0; N]);
    const BITS: u32 = u64::BITS * N as u32;

    fn bit(slot: u32) -> Wide<N> {
        let mut words = [0; N];
        words[(slot / u64::BITS) as usize] = 1 << (slot % u64::BITS);
        Wide(words)
    }
}

impl<const N: usize> BitAnd for Wide<N> {
    type Output = Wide<N>;

    fn bitand(self, other: Wide<N>) -> Wide<N> {
        Wide(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }
}

impl<const N: usize> BitOr for Wide<N> {
    type Output = Wide<N>;

    fn bitor(self, other: Wide<N>) -> Wide<N> {
        Wide(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }
}

impl<const N: usize> BitXor for Wide<N> {
    type Output = Wide<N>;

    fn bitxor(self, other: Wide<N>) -> Wide<N> {
        Wide(std::array::from_fn(|word| self.0[word] ^ other.0[word]))
    }
}

impl<const N: usize> Not for Wide<N> {
    type Output = Wide<N>;

    fn not(self) -> Wide<N> {
        Wide(self.0.map(|word| !word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_mask_is_a_set_like_a_narrow_one() {
        for (a, b) in [(0, 63), (63, 64), (1, 130), (255, 255)] {
            let (one, other) = (Wide::<4>::bit(a), Wide::<4>::bit(b));
            assert_eq!((one & other).is_none(), a != b, "{a} {b}");
            assert_eq!((one | other).without(one) == other, a != b, "{a} {b}");
            assert_eq!(((one | other) ^ one).is_none(), a == b, "{a} {b}");
        }
    }
}
