use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn goal(kind: GoalKind, on: &str, worth: Worth, value: i64) -> Goal {
    Goal {
        name: "Ordered".to_owned(),
        kind,
        on: on.to_owned(),
        worth,
        value,
    }
}

#[test]
fn a_goal_that_makes_no_sense_is_refused_in_words() {
    let checked = |kind, on: &str, worth, value| goal(kind, on, worth, value).checked();
    assert!(
        checked(GoalKind::Url, "https://shop.example/thanks*?x=1", Worth::Fixed, 500)
            .is_ok_and(|goal| goal.on == "/thanks*")
    );
    assert!(matches!(
        checked(GoalKind::Url, "thanks", Worth::None, 0),
        Err(GoalError::Path(_))
    ));
    assert_eq!(
        checked(GoalKind::Url, "/thanks", Worth::Given, 500),
        Err(GoalError::NothingGiven)
    );
    assert_eq!(
        checked(GoalKind::Event, "two words", Worth::None, 0),
        Err(GoalError::Event)
    );
    assert_eq!(
        checked(GoalKind::Event, "purchase", Worth::Fixed, 0),
        Err(GoalError::Value)
    );
    assert_eq!(checked(GoalKind::Api, "/thanks", Worth::None, 0), Err(GoalError::On));
    assert!(checked(GoalKind::Api, "", Worth::None, 99).is_ok_and(|goal| goal.value == 0));
    let unnamed = Goal {
        name: " \u{0} ".to_owned(),
        ..goal(GoalKind::Api, "", Worth::None, 0)
    };
    assert_eq!(unnamed.checked(), Err(GoalError::Name));
}

#[test]
fn a_value_counts_in_the_workspaces_currency_and_a_page_only_up_to_the_limit() {
    let given = goal(GoalKind::Event, "purchase", Worth::Given, 10_000);
    let said = |number, currency: Option<&str>| {
        Some(Said {
            amount: Amount::Number(number),
            currency: currency.map(|code| code.parse().unwrap()),
        })
    };
    let worth = |said, source| given.worth_of(said, Currency::EURO, source);
    assert_eq!(worth(said(12.5, Some("EUR")), ConversionSource::Page), Ok(Some(1_250)));
    assert_eq!(
        worth(said(12.5, Some("USD")), ConversionSource::Page),
        Err(ClaimError::OtherCurrency(Currency::EURO))
    );
    assert_eq!(
        worth(said(100.01, None), ConversionSource::Page),
        Err(ClaimError::TooMuch)
    );
    assert_eq!(worth(said(100.01, None), ConversionSource::Api), Ok(Some(10_001)));
    assert_eq!(worth(None, ConversionSource::Page), Err(ClaimError::NoValue));
    assert!(matches!(
        worth(said(-5.0, None), ConversionSource::Page),
        Err(ClaimError::Amount(_))
    ));
    let fixed = goal(GoalKind::Event, "purchase", Worth::Fixed, 700);
    assert_eq!(
        fixed.worth_of(said(9_999.0, Some("USD")), Currency::EURO, ConversionSource::Page),
        Ok(Some(700))
    );
}

fn words() -> impl Strategy<Value = Vec<LastWord>> {
    let word = (0..6_u128, -3 * WINDOW_MS..3 * WINDOW_MS).prop_map(|(id, at)| LastWord {
        at: Timestamp(at),
        conversation: Uuid::from_u128(id).into(),
    });
    proptest::collection::vec(word, 0..8)
}

proptest! {
    #[test]
    fn what_is_reached_counts_for_the_latest_conversation_of_the_week_before_and_for_none_later(
        said in words(), at in -WINDOW_MS..WINDOW_MS, shift in -1_000_000_000_000_i64..1_000_000_000_000,
    ) {
        let at = Timestamp(at);
        let found = attributed(&said, at);
        let within = |word: &&LastWord| word.at <= at && at.0 - word.at.0 <= WINDOW_MS;
        match found {
            None => prop_assert!(!said.iter().any(|word| within(&word))),
            Some(conversation) => {
                let latest = said.iter().filter(within).map(|word| word.at).max();
                prop_assert!(said.iter().any(|word| word.conversation == conversation && Some(word.at) == latest));
            }
        }
        // Neither the order in which they are known matters, nor when it all happened.
        let reversed: Vec<LastWord> = said.iter().rev().copied().collect();
        prop_assert_eq!(attributed(&reversed, at), found);
        let shifted: Vec<LastWord> = said.iter().map(|word| LastWord { at: word.at.plus_ms(shift), ..*word }).collect();
        prop_assert_eq!(attributed(&shifted, at.plus_ms(shift)), found);
        // What was said afterwards changes nothing about it.
        let mut more = said;
        more.push(LastWord { at: at.plus_ms(1), conversation: Uuid::from_u128(99).into() });
        prop_assert_eq!(attributed(&more, at), found);
    }
}

/// Goal, conversation, order, and who says so.
type Claim = (u8, u8, Option<u8>, ConversionSource);

/// What counts: who said so and which order, by goal and conversation. As the app keeps it.
#[derive(Debug, Default, Clone, PartialEq)]
struct Book(BTreeMap<(u8, u8), (ConversionSource, Option<u8>)>);

impl Book {
    fn claim(&mut self, (goal, conversation, order, source): Claim) {
        let key = (goal, conversation);
        let elsewhere = order.and_then(|order| self.0.iter().find(|(_, row)| row.1 == Some(order)));
        let known = elsewhere.map(|(other, row)| {
            (
                *other,
                Known {
                    source: row.0,
                    is_same: *other == key,
                },
            )
        });
        let here = self.0.get(&key).copied();
        let counted = counted(here.map(|row| row.0), known.map(|(_, known)| known), source);
        if counted == Counted::Before {
            return;
        }
        if let Some((other, known)) = known
            && takes_over(known, source)
        {
            self.0.remove(&other);
        }
        self.0.insert(key, (source, order));
    }

    fn confirmed(&self) -> BTreeSet<(u8, u8)> {
        let rows = self.0.iter().filter(|(_, row)| row.0 == ConversionSource::Api);
        rows.map(|(key, _)| *key).collect()
    }
}

fn claims() -> impl Strategy<Value = Vec<Claim>> {
    let source = prop_oneof![Just(ConversionSource::Page), Just(ConversionSource::Api)];
    proptest::collection::vec((0..3_u8, 0..3_u8, proptest::option::of(0..4_u8), source), 0..40)
}

proptest! {
    #[test]
    fn no_order_counts_twice_a_repetition_changes_nothing_and_no_page_changes_what_the_server_said(claims in claims()) {
        let (mut all, mut server) = (Book::default(), Book::default());
        for claim in claims {
            let before = all.clone();
            all.claim(claim);
            // What counts is confirmed for good, and only a server takes something away.
            prop_assert!(before.confirmed().is_subset(&all.confirmed()));
            if claim.3 == ConversionSource::Page {
                prop_assert!(before.0.iter().all(|(key, row)| all.0.get(key) == Some(row)));
            } else {
                server.claim(claim);
            }
            let orders: Vec<u8> = all.0.values().filter_map(|row| row.1).collect();
            prop_assert_eq!(orders.len(), orders.iter().collect::<BTreeSet<_>>().len(), "an order twice");
            let once = all.clone();
            all.claim(claim);
            prop_assert_eq!(&all, &once);
        }
        prop_assert_eq!(all.confirmed(), server.confirmed());
    }
}
