//! S1–S9, D1 and E1: the monthly claim and the figure that is watched.

use super::Scenario;
use super::judge::{Measure, mean, share};
use super::world::{Luck, MONTH, Truth, World, yes};
use crate::stats::bounds::{
    Population, Stratum, Watched, betting_upper, clopper_pearson_lower, clopper_pearson_upper, korn_graubard,
};
use crate::stats::number::{count, count_u64};
use crate::stats::sampler::{Allocation, BandHistory, Bands, allocate, rho};
use crate::stats::statement::{CheckState, Claim, Drawn, Rules, SentAnswer, Statement, state};

const RISK: f64 = 0.05;
/// Reviews between two looks at the watched figure.
const LOOK_EVERY: usize = 10;
/// Part of the queue that is worked off in E1.
const WORKED_OFF: f64 = 0.6;

/// A month of answers that went out.
#[derive(Debug, Clone, Copy)]
struct Month {
    world: World,
    drafts: usize,
    reviews: f64,
    /// Drafts beyond this risk are held, so they do not belong to it.
    up_to: f64,
    /// How much more of the safest band is bad than a month ago, where nobody expects it.
    hidden: f64,
    about: Population,
}

/// What was sampled of a band.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    sent: f64,
    reviewed: f64,
    bad: f64,
}

fn month(bad: f64, auroc: f64, reviews: f64) -> Month {
    Month {
        world: World::new(bad, auroc),
        drafts: MONTH,
        reviews,
        up_to: f64::INFINITY,
        hidden: 0.0,
        about: Population::Traffic,
    }
}

/// Held so far that 4 % of what goes out is bad.
fn gated(reviews: f64) -> Month {
    let all = month(0.06, 0.75, reviews);
    Month {
        up_to: all.world.best(0.04),
        ..all
    }
}

impl Month {
    fn answers(&self, luck: &mut Luck) -> Vec<Truth> {
        let drafts = (0..self.drafts).map(|_| self.world.draft(luck));
        drafts.filter(|draft| draft.risk <= self.up_to).collect()
    }

    /// Bands and probabilities from a pilot month with a uniform sample.
    fn plan(&self, luck: &mut Luck) -> (Bands, Allocation) {
        let pilot = self.answers(luck);
        let risks: Vec<f64> = pilot.iter().map(|answer| answer.risk).collect();
        let bands = Bands::of_last_month(&risks);
        let mut history = vec![BandHistory::default(); bands.len()];
        let probability = self.reviews / count(pilot.len());
        for answer in &pilot {
            if let Some(band) = history.get_mut(bands.of(answer.risk)) {
                band.expected += 1.0;
                if luck.chance(probability) {
                    band.reviewed += 1.0;
                    band.bad += yes(answer.bad);
                }
            }
        }
        let allocation = allocate(&history, self.reviews);
        (bands, allocation)
    }

    /// This month's answers with their bands; what was hidden has happened.
    fn sent(&self, bands: &Bands, luck: &mut Luck) -> Vec<(usize, bool)> {
        let mut sent: Vec<(usize, bool)> = self
            .answers(luck)
            .iter()
            .map(|answer| (bands.of(answer.risk), answer.bad))
            .collect();
        if self.hidden > 0.0 {
            for (_, bad) in sent.iter_mut().filter(|(band, _)| *band == 0) {
                *bad = *bad || luck.chance(self.hidden);
            }
        }
        sent
    }

    /// Two-sided and one-sided coverage, half of the interval's width, the same by Clopper and Pearson with a uniform sample, the upper bound.
    fn claim(&self, luck: &mut Luck) -> Vec<f64> {
        let (bands, allocation) = self.plan(luck);
        let sent = self.sent(&bands, luck);
        let truth = count(sent.iter().filter(|(_, bad)| *bad).count()) / count(sent.len());
        let mut counted = vec![Counted::default(); bands.len()];
        let mut uniform = Counted::default();
        let even = self.reviews / count(sent.len());
        for (band, bad) in &sent {
            let Some(cell) = counted.get_mut(*band) else { continue };
            cell.sent += 1.0;
            if luck.chance(allocation.probability(*band)) {
                cell.reviewed += 1.0;
                cell.bad += yes(*bad);
            }
            if luck.chance(even) {
                uniform.reviewed += 1.0;
                uniform.bad += yes(*bad);
            }
        }
        let strata: Vec<Stratum> = counted.iter().map(Counted::stratum).collect();
        let Some(estimate) = korn_graubard(&strata, self.about) else {
            return vec![f64::NAN; 6];
        };
        let (low, high) = (estimate.lower(RISK / 2.0), estimate.upper(RISK / 2.0));
        let width = (high - low) / 2.0;
        let peer = (clopper_pearson_upper(uniform.bad, uniform.reviewed, RISK / 2.0)
            - clopper_pearson_lower(uniform.bad, uniform.reviewed, RISK / 2.0))
            / 2.0;
        let upper = estimate.upper(RISK);
        vec![
            yes(low <= truth && truth <= high),
            yes(truth <= upper),
            width,
            peer,
            width - 1.02 * peer,
            upper,
        ]
    }

    /// Whether a bound that is looked at after every ten reviews was ever wrong, and what it says at the end beyond the truth.
    fn watched(&self, luck: &mut Luck) -> Vec<f64> {
        let (bands, allocation) = self.plan(luck);
        let sent = self.sent(&bands, luck);
        let truth = count(sent.iter().filter(|(_, bad)| *bad).count()) / count(sent.len());
        let mut strata = shares(&bands, &allocation, &sent);
        let mut queue: Vec<(f64, usize, bool)> = Vec::new();
        for (band, bad) in &sent {
            let place = rho(luck.unit(), allocation.probability(*band));
            if place < 1.0 {
                queue.push((place, *band, *bad));
            }
        }
        queue.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut missed, mut last) = (false, 1.0);
        for look in queue.chunks(LOOK_EVERY) {
            for (_, band, bad) in look {
                if let Some(stratum) = strata.get_mut(*band) {
                    stratum.bad += u64::from(*bad);
                    stratum.good += u64::from(!bad);
                }
            }
            last = betting_upper(&strata, RISK);
            missed |= last < truth;
        }
        vec![yes(missed), last - truth]
    }

    /// The claim when only a part of the queue was worked off, from its front.
    fn unfinished(&self, luck: &mut Luck) -> Vec<f64> {
        let (bands, allocation) = self.plan(luck);
        let sent = self.sent(&bands, luck);
        let truth = count(sent.iter().filter(|(_, bad)| *bad).count()) / count(sent.len());
        let answers = sent.iter().map(|(band, bad)| {
            let place = rho(luck.unit(), allocation.probability(*band));
            let judged = CheckState::Judged {
                bad: *bad,
                second: None,
            };
            let state = if place < WORKED_OFF {
                judged
            } else {
                CheckState::Waiting
            };
            SentAnswer {
                week: 1,
                band: u16::try_from(*band).unwrap_or(u16::MAX),
                drawn: (place < 1.0).then_some(Drawn { rho: place, state }),
            }
        });
        match state(answers, &Rules::default()) {
            Statement::Claim(Claim { interval, upper, .. }) => vec![
                yes(interval.0 <= truth && truth <= interval.1),
                yes(truth <= upper),
                (interval.1 - interval.0) / 2.0,
            ],
            Statement::Withheld { .. } => vec![f64::NAN; 3],
        }
    }
}

/// Each band's share of the answers and of the reviews.
fn shares(bands: &Bands, allocation: &Allocation, sent: &[(usize, bool)]) -> Vec<Watched> {
    let mut sizes = vec![0_u64; bands.len()];
    for (band, _) in sent {
        if let Some(size) = sizes.get_mut(*band) {
            *size += 1;
        }
    }
    let drawn = |band: usize, size: u64| count_u64(size) * allocation.probability(band);
    let all: f64 = sizes.iter().enumerate().map(|(band, size)| drawn(band, *size)).sum();
    let of = |(band, size): (usize, &u64)| Watched {
        share: count_u64(*size) / count(sent.len()),
        draws: drawn(band, *size) / all,
        good: 0,
        bad: 0,
    };
    sizes.iter().enumerate().map(of).collect()
}

impl Counted {
    fn stratum(&self) -> Stratum {
        Stratum {
            population: self.sent,
            reviewed: self.reviewed,
            bad: self.bad,
        }
    }
}

/// Coverage at least 94 %, the half width at most `width` where there is a bar for it.
fn claim_measures(width: Option<f64>, against_peer: bool) -> Vec<Measure> {
    let half_width = mean("half_width");
    let excess = mean("half_width_over_1.02_cp");
    vec![
        share("coverage").at_least(0.94),
        share("coverage_one_sided"),
        match width {
            Some(width) => half_width.at_most(width),
            None => half_width,
        },
        mean("half_width_cp"),
        if against_peer { excess.at_most(0.0) } else { excess },
        mean("upper"),
    ]
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = claims();
    let watched = || vec![share("ever_missed").at_most(0.05), mean("above_the_truth")];
    all.push(Scenario::new(
        "D1",
        "watched every 10 of 900, uniform sample",
        watched(),
        |luck| month(0.06, 0.5, 900.0).watched(luck),
    ));
    all.push(Scenario::new(
        "D1",
        "watched every 10 of 900, divided by risk",
        watched(),
        |luck| month(0.06, 0.75, 900.0).watched(luck),
    ));
    let unfinished = vec![
        share("coverage").at_least(0.94),
        share("coverage_one_sided"),
        mean("half_width"),
    ];
    all.push(Scenario::new(
        "E1",
        "60 % of the queue worked off",
        unfinished,
        |luck| month(0.06, 0.75, 900.0).unfinished(luck),
    ));
    all
}

/// S1–S9.
fn claims() -> Vec<Scenario> {
    let hidden = |hidden, reviews| Month {
        hidden,
        ..month(0.06, 0.75, reviews)
    };
    // 300 of about 2 550 answers, and the claim is about just these.
    let small = Month {
        drafts: 3_000,
        about: Population::Finished,
        ..gated(300.0)
    };
    let (useless, inverted) = (month(0.06, 0.50, 900.0), month(0.06, 0.35, 900.0));
    let rows: [(&'static str, &str, Month, Option<f64>); 16] = [
        (
            "S1",
            "6 % bad, AUROC 0.75, n = 900",
            month(0.06, 0.75, 900.0),
            Some(0.015),
        ),
        (
            "S2",
            "audit score with AUROC 0.85",
            month(0.06, 0.85, 900.0),
            Some(0.0134),
        ),
        (
            "S3",
            "audit score with AUROC 0.92",
            month(0.06, 0.92, 900.0),
            Some(0.0113),
        ),
        ("S4", "gated to 4 %, n = 900", gated(900.0), Some(0.0132)),
        ("S4", "gated to 4 %, n = 300", gated(300.0), Some(0.0238)),
        ("S5", "1.5 % bad, n = 300", month(0.015, 0.75, 300.0), None),
        ("S5", "1.5 % bad, n = 100", month(0.015, 0.75, 100.0), None),
        ("S6", "useless score, AUROC 0.50", useless, None),
        ("S6", "inverted score, AUROC 0.35", inverted, None),
        (
            "S7",
            "hidden failure, +2 % in the safest band, n = 900",
            hidden(0.02, 900.0),
            None,
        ),
        (
            "S7",
            "hidden failure, +1 % in the safest band, n = 300",
            hidden(0.01, 300.0),
            None,
        ),
        (
            "S8",
            "small shop: 3 000 drafts gated to 4 %, n = 300, finite",
            small,
            Some(0.0225),
        ),
        (
            "S9",
            "±1.5 points with n = 898, AUROC 0.75",
            month(0.06, 0.75, 898.0),
            Some(0.015),
        ),
        (
            "S9",
            "±1.5 points with n = 695, AUROC 0.85",
            month(0.06, 0.85, 695.0),
            Some(0.015),
        ),
        (
            "S9",
            "±1.5 points with n = 491, AUROC 0.92",
            month(0.06, 0.92, 491.0),
            Some(0.015),
        ),
        (
            "S9",
            "±1.5 points with n = 686, gated to 4 %",
            gated(686.0),
            Some(0.015),
        ),
    ];
    let of = |(id, name, month, width): (&'static str, &str, Month, Option<f64>)| {
        Scenario::new(id, name, claim_measures(width, id == "S6"), move |luck| {
            month.claim(luck)
        })
    };
    rows.into_iter().map(of).collect()
}
