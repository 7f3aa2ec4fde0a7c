//! What of a client needs somebody's attention, and which client needs it first.

use super::time::Timestamp;
use serde::Serialize;

/// Something that needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// People wait longer than they were told.
    Late,
    /// The gate closed by itself.
    GateClosed,
    /// E-mails or webhooks keep failing.
    Undelivered,
    /// A limit is reached.
    LimitReached,
    /// A limit is nearly reached.
    LimitNear,
}

impl Attention {
    /// How pressing it is: somebody who waits comes before everything else, and nothing that is only near comes before what is.
    pub const fn weight(self) -> u32 {
        match self {
            Self::Late => 100,
            Self::GateClosed => 20,
            Self::LimitReached => 10,
            Self::Undelivered => 5,
            Self::LimitNear => 1,
        }
    }
}

/// A place in the order of clients.
pub type Place = (std::cmp::Reverse<u32>, bool, Option<Timestamp>, String);

/// By what clients are put in order, the most pressing first: what needs attention, then since when somebody waits, then the name.
pub fn order(needs: &[Attention], waiting_since: Option<Timestamp>, name: &str) -> Place {
    let weight: u32 = needs.iter().map(|need| need.weight()).sum();
    (
        std::cmp::Reverse(weight),
        waiting_since.is_none(),
        waiting_since,
        name.to_lowercase(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lets_people_wait_comes_before_all_others_and_who_waits_longest_before_who_waits() {
        let late = order(&[Attention::Late], Some(Timestamp(9)), "z");
        let all_else = [
            Attention::GateClosed,
            Attention::LimitReached,
            Attention::Undelivered,
            Attention::LimitNear,
        ];
        assert!(late < order(&all_else, Some(Timestamp(1)), "a"));
        assert!(order(&[], Some(Timestamp(1)), "b") < order(&[], Some(Timestamp(2)), "a"));
        assert!(order(&[], Some(Timestamp(9)), "z") < order(&[], None, "a"));
        assert!(order(&[], None, "Alder") < order(&[], None, "birch"));
    }
}
