//! T1–T8: certificates, once and month by month.

use super::Scenario;
use super::judge::{Measure, mean, share};
use super::world::{Luck, MONTH, Truth, World, yes};
use crate::stats::drift::brakes;
use crate::stats::number::count;
use crate::stats::quantile::p50;
use crate::stats::sampler::{Allocation, BandHistory, Bands, allocate, allocate_held};
use crate::stats::statement::{self, CheckState, Drawn, SentAnswer, Statement};
use crate::stats::threshold::{Draft, Evidence, Mode, Reach, Rules, certify, level_within};
use std::sync::Arc;

const RISK: f64 = 0.05;
/// Reviews a month.
const REVIEWS: f64 = 900.0;
/// Part of them that is spent on held drafts where those are not all judged.
const ON_HELD: f64 = 0.15;
/// Months that a certificate looks back on.
const WINDOW: u32 = 3;
/// The groups of held drafts, riskier than every band: the nearer half of them and the other one.
const HELD: u16 = 8;
const HELD_FAR: u16 = 9;

fn rules(limit: f64) -> Rules {
    Rules {
        limit,
        risk: RISK,
        score_version: 1,
        is_corrected: false,
    }
}

fn judged(truth: Truth, epoch: u32, group: u16, is_judged: bool) -> Draft {
    let evidence = match (is_judged, truth.bad) {
        (false, _) => Evidence::None,
        (true, true) => Evidence::Bad,
        (true, false) => Evidence::Acceptable,
    };
    Draft {
        mode: Mode::Compose,
        risk: truth.risk,
        epoch,
        group,
        topic: 0,
        is_sensitive: false,
        is_fresh: false,
        evidence,
        stands_for: 1.0,
    }
}

fn certified_risk(drafts: &[Draft], limit: f64) -> Option<f64> {
    let certificate = certify(drafts, &[], &rules(limit)).outcome.ok()?;
    Some(certificate.reach.risk)
}

/// A first certificate from a uniform sample: violated, automation, uncertified.
fn first_certificate(world: World, limit: f64, reviews: f64, luck: &mut Luck) -> Vec<f64> {
    let probability = reviews / count(MONTH);
    let drafts: Vec<Draft> = (0..MONTH)
        .map(|_| {
            let truth = world.draft(luck);
            judged(truth, 0, 0, luck.chance(probability))
        })
        .collect();
    outcome(world, limit, certified_risk(&drafts, limit))
}

/// Flat risk: every certificate is wrong. The safer half is sampled `uneven` times less than the riskier one.
fn knife_edge(reviews: f64, uneven: f64, luck: &mut Luck) -> Vec<f64> {
    let world = World::new(0.0405, 0.5);
    let safer = 2.0 * reviews / (1.0 + uneven) / count(MONTH);
    let drafts: Vec<Draft> = (0..MONTH)
        .map(|_| {
            let truth = world.draft(luck);
            let riskier = uneven > 1.0 && truth.risk > 0.0;
            let probability = if riskier { safer * uneven } else { safer };
            judged(truth, 0, u16::from(riskier), luck.chance(probability))
        })
        .collect();
    vec![yes(certified_risk(&drafts, 0.04).is_some())]
}

fn outcome(world: World, limit: f64, risk: Option<f64>) -> Vec<f64> {
    match risk {
        Some(risk) => vec![yes(world.bad_up_to(risk) > limit), world.share_up_to(risk), 0.0],
        None => vec![0.0, 0.0, 1.0],
    }
}

/// Months in a row under the certificate of the month before.
#[derive(Debug, Clone, Copy)]
struct Loop {
    world: World,
    limit: f64,
    /// Whether every held draft is judged.
    held_is_judged: bool,
    months: u32,
    /// From which month on more is bad, and how much.
    drift: Option<(u32, World)>,
}

/// What happened in one month: the certificate made at its end, and the claim about what went out in it.
#[derive(Debug, Clone, Copy)]
struct Played {
    violated: f64,
    automation: f64,
    claim_holds: f64,
}

/// What the sampler knows from the month before.
struct Before {
    risks: Vec<f64>,
    /// The risk in the middle of what was held, or would have been.
    middle_of_held: f64,
    /// Risks, and whether bad, of what was judged.
    verdicts: Vec<(f64, bool)>,
}

impl Loop {
    fn world(&self, month: u32) -> World {
        match self.drift {
            Some((from, after)) if month >= from => after,
            _ => self.world,
        }
    }

    fn play(&self, luck: &mut Luck) -> Vec<Played> {
        let mut window: Vec<Draft> = Vec::new();
        let (mut open_to, mut before) = (None, None);
        let mut played = Vec::new();
        for month in 0..self.months {
            let world = self.world(month);
            let truths = world.drafts(MONTH, luck);
            let (drafts, claim_holds) = match (open_to, &before) {
                (Some(open_to), Some(before)) => self.gated_month(month, open_to, before, &truths, luck),
                _ => {
                    let all = truths
                        .iter()
                        .map(|truth| judged(*truth, month, 0, luck.chance(REVIEWS / count(MONTH))));
                    (all.collect(), f64::NAN)
                }
            };
            let reach = Reach {
                mode: Mode::Compose,
                risk: open_to.unwrap_or(f64::INFINITY),
            };
            let levels = (level_within(&drafts, &[], reach), level_within(&window, &[], reach));
            if matches!(levels, (Some(month), Some(window)) if brakes(month, window)) {
                window.clear();
            }
            window.retain(|draft| draft.epoch + WINDOW > month);
            window.extend_from_slice(&drafts);
            open_to = certified_risk(&window, self.limit);
            before = open_to.map(|risk| Before::of(&drafts, risk));
            // The certificate is about the traffic of the month it was made in.
            played.push(match open_to {
                Some(risk) => Played {
                    violated: yes(world.bad_up_to(risk) > self.limit),
                    automation: world.share_up_to(risk),
                    claim_holds,
                },
                None => Played {
                    violated: 0.0,
                    automation: 0.0,
                    claim_holds,
                },
            });
        }
        played
    }

    fn gated_month(
        &self,
        month: u32,
        open_to: f64,
        before: &Before,
        truths: &[Truth],
        luck: &mut Luck,
    ) -> (Vec<Draft>, f64) {
        let sent_reviews = if self.held_is_judged {
            REVIEWS
        } else {
            (1.0 - ON_HELD) * REVIEWS
        };
        let (bands, allocation) = before.plan(sent_reviews);
        let held = count(truths.len()) - count(before.risks.len());
        let [near, far] = if self.held_is_judged {
            [1.0; 2]
        } else {
            allocate_held(held, ON_HELD * REVIEWS)
        };
        let (mut drafts, mut answers) = (Vec::with_capacity(truths.len()), Vec::new());
        let (mut sent, mut sent_bad) = (0.0, 0.0);
        for truth in truths {
            if truth.risk > open_to {
                let is_near = truth.risk <= before.middle_of_held;
                let (group, probability) = if is_near { (HELD, near) } else { (HELD_FAR, far) };
                drafts.push(judged(*truth, month, group, luck.chance(probability)));
                continue;
            }
            let band = bands.of(truth.risk);
            let group = u16::try_from(band).unwrap_or(HELD);
            let is_drawn = luck.chance(allocation.probability(band));
            sent += 1.0;
            sent_bad += yes(truth.bad);
            drafts.push(judged(*truth, month, group, is_drawn));
            answers.push(SentAnswer {
                week: 1,
                band: group,
                drawn: is_drawn.then_some(Drawn {
                    rho: 0.0,
                    state: CheckState::Judged {
                        bad: truth.bad,
                        second: None,
                    },
                }),
            });
        }
        let holds = match statement::state(answers, &statement::Rules::default()) {
            Statement::Claim(claim) => yes(sent_bad / sent <= claim.upper),
            Statement::Withheld { .. } => f64::NAN,
        };
        (drafts, holds)
    }
}

impl Before {
    /// What is known when the month begins: this month's drafts that would have gone out.
    fn of(drafts: &[Draft], open_to: f64) -> Self {
        let sent = || drafts.iter().filter(|draft| draft.risk <= open_to);
        let judged = sent().filter(|draft| draft.evidence != Evidence::None && draft.group < HELD);
        let held = drafts
            .iter()
            .filter(|draft| draft.risk > open_to)
            .map(|draft| draft.risk);
        Self {
            risks: sent().map(|draft| draft.risk).collect(),
            middle_of_held: p50(&held.collect::<Vec<f64>>()).unwrap_or(open_to),
            verdicts: judged
                .map(|draft| (draft.risk, draft.evidence == Evidence::Bad))
                .collect(),
        }
    }

    fn plan(&self, reviews: f64) -> (Bands, Allocation) {
        let bands = Bands::of_last_month(&self.risks);
        let mut history = vec![BandHistory::default(); bands.len()];
        for risk in &self.risks {
            if let Some(band) = history.get_mut(bands.of(*risk)) {
                band.expected += 1.0;
            }
        }
        for (risk, bad) in &self.verdicts {
            if let Some(band) = history.get_mut(bands.of(*risk)) {
                band.reviewed += 1.0;
                band.bad += yes(*bad);
            }
        }
        let allocation = allocate(&history, reviews);
        (bands, allocation)
    }
}

/// Months 3 to 5 together have to automate `part` of what the truth would allow; no month may violate the limit in more than 5 %.
fn months(id: &'static str, name: &str, months: Loop, part: f64) -> Scenario {
    const AUTOMATION: [&str; 6] = [
        "automation_0",
        "automation_1",
        "automation_2",
        "automation_3",
        "automation_4",
        "automation_5",
    ];
    const VIOLATION: [&str; 6] = [
        "violation_0",
        "violation_1",
        "violation_2",
        "violation_3",
        "violation_4",
        "violation_5",
    ];
    const SETTLED: usize = 3;
    let oracle = months.world.share_up_to(months.world.best(months.limit));
    let mut measures: Vec<Measure> = VIOLATION.map(|name| share(name).at_most(0.05)).to_vec();
    measures.extend(AUTOMATION.map(mean));
    measures.push(mean("of_oracle").at_least(part));
    Scenario::new(id, name, measures, move |luck| {
        let played = months.play(luck);
        let mut values: Vec<f64> = played.iter().map(|month| month.violated).collect();
        let automation: Vec<f64> = played.iter().map(|month| month.automation).collect();
        let settled: f64 = automation.iter().skip(SETTLED).sum();
        values.extend(&automation);
        values.push(settled / count(automation.len().saturating_sub(SETTLED)) / oracle);
        values
    })
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let first = |id, name: &str, world: World, limit, reviews, automation| {
        let measures = vec![
            share("violation").at_most(0.05),
            mean("automation").at_least(automation),
            share("uncertified"),
        ];
        Scenario::new(id, name, measures, move |luck| {
            first_certificate(world, limit, reviews, luck)
        })
    };
    let edge = |name: &str, reviews, uneven| {
        let measures = vec![share("violation").at_most(0.05)];
        Scenario::new("T7", name, measures, move |luck| knife_edge(reviews, uneven, luck))
    };
    let usual = Loop {
        world: World::new(0.06, 0.75),
        limit: 0.04,
        held_is_judged: false,
        months: 6,
        drift: None,
    };
    let judged_held = Loop {
        held_is_judged: true,
        ..usual
    };
    let strong = Loop {
        world: World::new(0.06, 0.85),
        limit: 0.03,
        ..usual
    };
    vec![
        first(
            "T1",
            "first certificate, n = 900, AUROC 0.75, limit 4 %",
            usual.world,
            0.04,
            900.0,
            0.42,
        ),
        first(
            "T2",
            "first certificate, n = 2 700, AUROC 0.75, limit 4 %",
            usual.world,
            0.04,
            2_700.0,
            0.66,
        ),
        first(
            "T3",
            "first certificate, n = 900, AUROC 0.85, limit 3 %",
            strong.world,
            0.03,
            900.0,
            0.63,
        ),
        months("T4", "month by month, every held draft judged", judged_held, 0.84),
        months("T5", "month by month, held drafts sampled", usual, 0.79),
        months(
            "T6",
            "month by month, held drafts sampled, AUROC 0.85, limit 3 %",
            strong,
            0.88,
        ),
        edge("flat risk of 4.05 %, n = 900", 900.0, 1.0),
        edge("flat risk of 4.05 %, n = 2 700", 2_700.0, 1.0),
        edge(
            "flat risk of 4.05 %, n = 900, half of it sampled four times as much",
            900.0,
            4.0,
        ),
        drifting(usual),
    ]
}

/// The claim in the four months from the jump on.
fn drifting(usual: Loop) -> Scenario {
    const JUMP: u32 = 4;
    let months = Arc::new(Loop {
        months: JUMP + 4,
        drift: Some((JUMP, World::new(0.09, 0.75))),
        ..usual
    });
    let mut measures: Vec<Measure> = [
        "claim_coverage_1",
        "claim_coverage_2",
        "claim_coverage_3",
        "claim_coverage_4",
    ]
    .map(|name| share(name).at_least(0.94))
    .to_vec();
    // What the certificate, which promises nothing under drift, was worth meanwhile.
    measures.extend(["violation_1", "violation_2", "violation_3", "violation_4"].map(share));
    Scenario::new("T8", "drift from 6 to 9 % bad", measures, move |luck| {
        let played = months.play(luck);
        let after = played.iter().skip(usize::try_from(JUMP).unwrap_or(0));
        let mut values: Vec<f64> = after.clone().map(|month| month.claim_holds).collect();
        values.extend(after.map(|month| month.violated));
        values
    })
}
