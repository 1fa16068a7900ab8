//! Choices that depend only on a seed and a place, so that a change elsewhere does not affect them.

/// The choices for one place in a value.
///
/// Its state is a hash of the seed, the name of the type, and the members on the way to the place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws {
    seed: u64,
    state: u64,
}

impl Draws {
    /// The choices for the root of a value.
    pub(super) fn new(seed: u64, root: &str) -> Self {
        Self { seed, state: mix(seed) }.at(root)
    }

    /// The choices for a place below this one.
    pub(super) fn at(self, step: &str) -> Self {
        let state = step.bytes().fold(self.state, |state, byte| mix(state ^ u64::from(byte)));
        // The end of the step: `ab`, `c` is another place than `a`, `bc`.
        Self { seed: self.seed, state: mix(state ^ 0x100) }
    }

    /// Whether the values that the document suggests are preferred to drawn ones.
    pub(super) fn are_canonical(self) -> bool {
        self.seed == 0
    }

    /// The choices of this place, all of them drawn.
    pub(super) fn drawn(self) -> Self {
        Self { seed: self.seed.max(1), ..self }
    }

    /// A number from 0 to `bound`, exclusive; 0 if the bound is 0.
    pub(super) fn below(self, bound: u64) -> u64 {
        self.state.checked_rem(bound).unwrap_or(0)
    }

    /// A number between two bounds, inclusive.
    pub(super) fn between(self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low).saturating_add(1);
        low.saturating_add_unsigned(self.below(width))
    }

    /// Hexadecimal digits, at most 16.
    pub(super) fn hex(self, digits: usize) -> String {
        let mut text = format!("{:016x}", self.state);
        text.truncate(digits);
        text
    }

    /// One of the options: the first one for canonical values. A new option leaves most other choices as they are.
    pub(super) fn pick<T>(self, options: Vec<T>, name: impl Fn(&T) -> String) -> Option<T> {
        match self.are_canonical() {
            true => options.into_iter().next(),
            // Each option has a number of its own, and the largest one wins.
            false => options.into_iter().max_by_key(|option| self.at(&name(option)).state),
        }
    }
}

/// One step of SplitMix64.
fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_of_splitmix64_are_those_of_its_reference_implementation() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        for seed in 0..200 {
            let draws = Draws::new(seed, "A");
            assert!(draws.below(3) < 3);
            assert!((-2..=2).contains(&draws.between(-2, 2)));
        }
        assert_eq!(Draws::new(1, "A").below(0), 0);
        assert_eq!(Draws::new(1, "A").between(5, 5), 5);
    }

    #[test]
    fn places_are_distinguished_by_their_steps() {
        let root = Draws::new(1, "A");
        assert_ne!(root.at("ab").at("c").state, root.at("a").at("bc").state);
        assert_ne!(root.state, Draws::new(2, "A").state);
    }

    #[test]
    fn a_new_option_changes_only_the_choices_that_it_wins() {
        let name = |option: &usize| option.to_string();
        let mut changed = 0;
        for seed in 1..300 {
            let draws = Draws::new(seed, "A");
            let before = draws.pick((0..5).collect(), name).unwrap();
            let after = draws.pick((0..6).collect(), name).unwrap();
            assert!(before == after || after == 5);
            changed += u32::from(after == 5);
        }
        assert!((20..90).contains(&changed), "{changed}");
        assert_eq!(Draws::new(0, "A").pick(vec![3, 1, 2], name), Some(3));
    }
}
