//! What a shop can expect, in words.

use super::records::House;
use super::words::{counted, percent, some};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::stats::planner::{Assumed, Knob, Never, Plan, Preset, Turned, Wish, plan};
use crate::stats::threshold::verdicts_needed;
use serde::{Deserialize, Serialize};

/// Conversations of these last days, in milliseconds, are counted where nobody says how many there are a day: four weeks.
const COUNTED_MS: i64 = 28 * 24 * 60 * 60_000;
const COUNTED_DAYS: f64 = 28.0;
/// Conversations a day where nothing was ever asked.
const UNKNOWN: f64 = 20.0;

/// What is wished for; what is left out is as it is set, or as it was in the last four weeks.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanInput {
    /// Conversations a day, `0..=100 000`.
    pub conversations: Option<f64>,
    /// The largest share of bad answers, `0.001..=0.5`.
    pub limit: Option<f64>,
    /// How sure, `0.8..=0.99`.
    pub confidence: Option<f64>,
    /// Reviews a day, `0..=10 000`.
    pub reviews: Option<f64>,
}

/// A figure that cannot be planned with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unplannable {
    /// Which one, by its name in [`PlanInput`].
    pub field: &'static str,
    /// What is possible, as a sentence without its capital.
    pub says: &'static str,
}

impl PlanInput {
    /// Whether it can be planned with; otherwise the first figure that cannot.
    ///
    /// # Errors
    /// [`Unplannable`].
    pub fn check(self) -> Result<(), Unplannable> {
        let figures = [
            (
                "conversations",
                self.conversations,
                0.0..=100_000.0,
                "conversations a day have to be a number between 0 and 100 000",
            ),
            (
                "limit",
                self.limit,
                0.001..=0.5,
                "the limit has to lie between 0.1 % and 50 % (0.001 to 0.5); 4 % (0.04) is four bad answers in a hundred",
            ),
            (
                "confidence",
                self.confidence,
                0.8..=0.99,
                "the confidence has to lie between 80 % and 99 % (0.8 to 0.99); 95 % (0.95) is usual",
            ),
            (
                "reviews",
                self.reviews,
                0.0..=10_000.0,
                "reviews a day have to be a number between 0 and 10 000",
            ),
        ];
        let cannot = figures
            .into_iter()
            .find(|(_, value, possible, _)| value.is_some_and(|value| !possible.contains(&value)));
        cannot.map_or(Ok(()), |(field, _, _, says)| Err(Unplannable { field, says }))
    }
}

/// A plan with its words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanView {
    /// The figures.
    #[serde(flatten)]
    pub plan: Plan,
    /// What they mean, a sentence each: what happens, what is in the way, what to turn.
    pub in_words: Vec<String>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// Three wishes with the same traffic and the same people.
    pub presets: Vec<PresetView>,
}

/// A preset with what comes of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PresetView {
    /// Which.
    pub preset: Preset,
    /// Its limit.
    pub limit: f64,
    /// Its confidence.
    pub confidence: f64,
    /// For whom it is.
    pub says: &'static str,
    /// After so many days the gate opens.
    pub days: Option<f64>,
    /// As far as this.
    pub automation: Option<f64>,
    /// Gate opens and people keep up.
    pub is_feasible: bool,
    /// The same in a sentence.
    pub in_words: String,
}

/// Plans for a wish.
///
/// # Errors
/// [`AppError::Invalid`] for figures that cannot be; [`AppError::Forbidden`] or the store's.
pub async fn planned(app: &App, caller: &Caller, input: PlanInput) -> Result<PlanView, AppError> {
    caller.require(Scope::Read)?;
    input
        .check()
        .map_err(|cannot| AppError::Invalid(cannot.says.to_owned()))?;
    let rows = app.store().rows(caller.workspace_id);
    let house = House::of(&rows).await?;
    let conversations = match input.conversations {
        Some(conversations) => conversations,
        None => {
            let recent = rows.conversations_since(app.now().plus_ms(-COUNTED_MS)).await?;
            let known = f64::from(u32::try_from(recent).unwrap_or(u32::MAX)) / COUNTED_DAYS;
            if known > 0.0 { known.ceil() } else { UNKNOWN }
        }
    };
    let wish = Wish {
        conversations,
        limit: input.limit.unwrap_or_else(|| house.autonomy.limit()),
        risk: input
            .confidence
            .map_or_else(|| house.autonomy.risk(), |confidence| 1.0 - confidence),
        reviews: input.reviews.unwrap_or_else(|| f64::from(house.autonomy.reviews_a_day)),
    };
    Ok(view(wish))
}

fn view(wish: Wish) -> PlanView {
    let assumed = Assumed::default();
    let plan = plan(wish, assumed);
    PlanView {
        in_words: in_words(&plan),
        assumptions: assumptions(&plan),
        presets: Preset::ALL
            .into_iter()
            .map(|preset| with_preset(preset, wish, assumed))
            .collect(),
        plan,
    }
}

fn with_preset(preset: Preset, wish: Wish, assumed: Assumed) -> PresetView {
    let (limit, risk) = preset.limit_and_risk();
    let plan = plan(Wish { limit, risk, ..wish }, assumed);
    let says = match preset {
        Preset::Careful => "Careful: where a wrong answer costs a customer, or more",
        Preset::Balanced => "Balanced: about as good as a colleague in their first weeks",
        Preset::Bold => "Bold: where a wrong answer is soon put right",
    };
    let promise = format!("At most {} bad, {} sure", percent(limit), percent(1.0 - risk));
    let comes = match plan.opening {
        Some(opening) => format!(
            "the gate is likely to open after {} and lets about {} out",
            days(opening.days),
            percent(opening.automation)
        ),
        None => "the gate is not likely to open".to_owned(),
    };
    let strain = if plan.opening.is_some() && !plan.is_feasible {
        ", but people cannot look at everything that is still held"
    } else {
        ""
    };
    PresetView {
        preset,
        limit,
        confidence: 1.0 - risk,
        says,
        days: plan.opening.map(|opening| opening.days),
        automation: plan.opening.map(|opening| opening.automation),
        is_feasible: plan.is_feasible,
        in_words: format!("{promise}: {comes}{strain}."),
    }
}

fn whole(number: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count within 0 and 100 000"
    )]
    let whole = number.round().max(0.0) as u64;
    counted(whole)
}

fn days(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 60")]
    let whole = number.ceil().max(0.0) as u64;
    some(whole, "day")
}

fn in_words(plan: &Plan) -> Vec<String> {
    let Plan { wish, .. } = plan;
    let mut said = Vec::new();
    match (plan.opening, plan.never) {
        (Some(opening), _) => {
            said.push(format!(
                "The gate is likely to open after {} (about {} in 10), and about {} of answers go out without a person from then on.",
                days(opening.days),
                whole((opening.chance * 10.0).floor()),
                percent(opening.automation),
            ));
            said.push(match plan.later {
                Some(later) if later + 1e-9 >= opening.automation => format!(
                    "It can stay so: the sample taken afterwards proves about {} again each month.",
                    percent(later)
                ),
                Some(later) => format!(
                    "In the long run about {} can stay: once answers go out, only a sample of them is looked at, and less evidence proves less.",
                    percent(later)
                ),
                None => "It will not stay open all the time: once answers go out, only a sample of them is looked at, and that is too little \
                         to prove the limit again each month. Expect months with the gate open and months with it closed."
                    .to_owned(),
            });
        }
        (None, Some(Never::LimitTooTight { bad })) => said.push(format!(
            "The gate is not likely to open: even of the safest quarter of answers about {} are bad, more than your limit of {}. Better knowledge \
             and verified answers make answers better than assumed here; then it may open.",
            percent(bad),
            percent(wish.limit),
        )),
        (None, Some(Never::TooLittleEvidence { verdicts, .. })) => said.push(format!(
            "The gate is not likely to open: in the two to three months that count there are at least about {} verdicts to certify with, too few to prove a limit of {}. \
             Drafts, sources and one decision for identical questions still save your people's time, and every verdict stays useful.",
            whole(verdicts),
            percent(wish.limit),
        )),
        (None, Some(Never::NoReviews)) => said.push(
            "Without reviews nothing can be proven, so everything stays held: plan with at least a few a day.".to_owned(),
        ),
        (None, Some(Never::NoConversations)) => {
            said.push("Without conversations there is nothing to plan.".to_owned());
        }
        (None, Some(Never::NoWish) | None) => said.push("This cannot be planned with: look at the figures again.".to_owned()),
    }
    if plan.unattended.0 >= 1.0 {
        said.push(format!(
            "Until then about {} of {} drafts a day wait for a person who has no time for them: their visitors are told so or handed off, \
             nothing goes out unchecked.",
            whole(plan.unattended.0),
            whole(wish.conversations),
        ));
    }
    if plan.unattended.1 >= 1.0 && plan.opening.is_some() {
        said.push(format!("Afterwards it is still {} a day.", whole(plan.unattended.1)));
    }
    said.extend(plan.knobs.iter().map(turned));
    if plan.opening.is_none() && plan.knobs.is_empty() {
        said.push(
            "No single change helps. What does: better knowledge, verified answers for what is asked most, or releasing a harmless topic on your \
             own responsibility; what you release is sampled all the same."
                .to_owned(),
        );
    }
    said
}

fn turned(turned: &Turned) -> String {
    let change = match turned.knob {
        Knob::Limit => format!("With a limit of {}", percent(turned.to)),
        Knob::Reviews => format!("With {} reviews a day", whole(turned.to)),
        Knob::Risk => format!("At {} confidence", percent(1.0 - turned.to)),
    };
    let keeps_up = if turned.is_feasible {
        ", and people keep up with the rest"
    } else {
        ""
    };
    format!(
        "{change} it is likely to open after {} and lets about {} out{keeps_up}.",
        days(turned.opening.days),
        percent(turned.opening.automation),
    )
}

fn assumptions(plan: &Plan) -> Vec<String> {
    let needed = verdicts_needed(plan.wish.limit, plan.wish.risk);
    let needed = if needed == u32::MAX {
        "–".to_owned()
    } else {
        counted(u64::from(needed))
    };
    vec![
        format!(
            "{} of drafts are bad, and of two drafts, a bad one and a good one, the score calls the bad one riskier in {} of 100 cases (AUROC {:.2}; a coin \
             would in 50). Yours may be better or worse: the certificate looks at your own verdicts, never at this.",
            percent(plan.assumed.bad),
            whole(plan.assumed.auroc * 100.0),
            plan.assumed.auroc
        ),
        format!(
            "Everything is held at first and judged as far as people have time: {} verdicts a day, one for each conversation. A third of them \
             makes the score, two thirds certify.",
            whole(plan.verdicts_a_day)
        ),
        format!(
            "A test can begin with {needed} verdicts on the safest part; it falls due after 300 verdicts and at each month's end."
        ),
        "No topic always needs a person, and knowledge is not new: what is, is held besides.".to_owned(),
    ]
}
