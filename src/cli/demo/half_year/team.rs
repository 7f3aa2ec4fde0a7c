//! What those do who work there: they review, take over, check, and decide what is asked to be done.

use super::play::{Event, Label, Play, if_possible};
use super::stage::Stage;
use super::story::{Kind, MINUTE_MS, around, happens, pick};
use crate::app::checks::{self, Verdict};
use crate::app::review::{self, Decide};
use crate::app::{AppError, actions, takeover, team};
use crate::domain::action::DecisionType;
use crate::domain::ids::{ActionId, ItemId};
use crate::domain::review::{ItemKind, OutcomeKind, ReasonCode, VerdictLabel};
use crate::domain::time::Timestamp;
use crate::store::ItemStatus;

/// Checks that one colleague judges a day at most.
const CHECKS_A_DAY: u32 = 14;
/// No decision takes less, in milliseconds: it would be faster than anybody reads.
const LEAST_READING_MS: i64 = 19_000;

/// A decision as it is made.
struct Made {
    kind: OutcomeKind,
    text: Option<String>,
    verdict: Option<VerdictLabel>,
    reasons: Vec<ReasonCode>,
    remember: bool,
}

impl Made {
    const fn of(kind: OutcomeKind) -> Self {
        Self {
            kind,
            text: None,
            verdict: None,
            reasons: Vec::new(),
            remember: false,
        }
    }
}

/// Whether an answer could go out, as `who` sees it now.
fn seems_right(stage: &mut Stage, asked: Option<usize>, text: &str, (who, now): (usize, Timestamp)) -> bool {
    let is_right = asked.is_some_and(|asked| {
        stage.business.is_right(asked, text) || stage.believes(now) && stage.business.is_by_mistake(asked, text)
    });
    let error = stage.team.get(who).map_or(0.0, |colleague| colleague.error);
    is_right != happens(&mut stage.random, error)
}

impl Play {
    /// Somebody who is free takes what waits of a visit.
    pub(super) async fn review(&mut self, at: usize, nth: usize) -> Result<(), AppError> {
        let now = self.now();
        let app = self.app.clone();
        let stage = self.stage_mut(at)?;
        let Some(conversation) = stage.conversation(nth) else {
            return Ok(());
        };
        let rows = app.store().rows(stage.workspace_id);
        let Some(item) = rows.open_item(conversation).await? else {
            return Ok(());
        };
        if item.state != ItemStatus::Open {
            return Ok(());
        }
        let opens = stage.open_at(now);
        if opens > now {
            self.plan(at, opens, Event::Review(nth));
            return Ok(());
        }
        let colleagues = stage.team.len().max(1);
        let first = stage.random.below(colleagues);
        let free = (0..colleagues).map(|step| (first + step) % colleagues);
        let free = free.min_by_key(|who| {
            stage
                .team
                .get(*who)
                .map_or(now, |colleague| colleague.busy_until.max(now))
        });
        let who = free.unwrap_or_default();
        let free_at = stage.team.get(who).map_or(now, |colleague| colleague.busy_until);
        if free_at > now {
            self.plan(at, free_at.plus_ms(1), Event::Review(nth));
            return Ok(());
        }
        let Some(colleague) = stage.team.get(who).cloned() else {
            return Ok(());
        };
        #[expect(clippy::cast_possible_truncation, reason = "seconds")]
        let usual = (45_000.0 * colleague.speed) as i64;
        let reading = around(&mut stage.random, usual).clamp(LEAST_READING_MS, 100_000);
        let decided_at = now.plus_ms(reading);
        if let Some(colleague) = stage.team.get_mut(who) {
            colleague.busy_until = decided_at.plus_ms(2_000);
        }
        let stage = self.stage_mut(at)?;
        for there in &stage.team {
            team::heartbeat(&app, &there.caller, team::Heartbeat::default()).await?;
        }
        match if_possible(review::lease(&app, &colleague.caller, item.id).await)? {
            Some(_) => self.plan(at, decided_at, Event::Decides(nth, who, item.id)),
            None => self.plan(at, now.plus_ms(2 * MINUTE_MS), Event::Review(nth)),
        }
        Ok(())
    }

    /// They have read it.
    pub(super) async fn decides(
        &mut self,
        at: usize,
        (nth, who, item): (usize, usize, ItemId),
    ) -> Result<(), AppError> {
        let now = self.now();
        let app = self.app.clone();
        let stage = self.stage_mut(at)?;
        let Some(colleague) = stage.team.get(who).cloned() else {
            return Ok(());
        };
        let view = review::item(&app, &colleague.caller, item).await?;
        if view.state != ItemStatus::Open {
            return Ok(());
        }
        let (asked, kind) = match (stage.guests.get(&nth), stage.visits.get(nth)) {
            (Some(guest), Some(visit)) => (guest.asked, visit.kind),
            _ => return Ok(()),
        };
        if kind == Kind::Spam {
            if_possible(team::mark_spam(&app, &colleague.caller, view.summary.conversation_id).await)?;
            return Ok(());
        }
        let made = match (&view.draft, view.summary.kind) {
            (Some(draft), ItemKind::Gate) if view.may_release && !draft.text.is_empty() => {
                let is_right = seems_right(stage, asked, &draft.text, (who, now));
                Some(about_a_draft(stage, asked, is_right))
            }
            (Some(_), ItemKind::Gate) => Some(answered(stage, asked)),
            (None, ItemKind::Gate) => {
                // It is being drafted anew.
                self.plan(at, now.plus_ms(MINUTE_MS), Event::Review(nth));
                return Ok(());
            }
            (_, ItemKind::Handoff) => None,
        };
        let Some(made) = made else {
            let taken = takeover::take_over(&app, &colleague.caller, view.summary.conversation_id).await;
            if if_possible(taken)?.is_some() {
                self.plan(at, now.plus_ms(25_000), Event::Replies(nth, who));
            }
            return Ok(());
        };
        let takes_over = made.kind == OutcomeKind::TakeOver;
        let wish = Decide {
            kind: made.kind,
            revision: view.summary.revision,
            wording: view.wording,
            text: made.text,
            verdict: made.verdict,
            reasons: made.reasons,
            note: None,
            remember: made.remember,
            alike: false,
        };
        match if_possible(review::decide(&app, &colleague.caller, item, wish).await)? {
            Some(_) if takes_over => self.plan(at, now.plus_ms(25_000), Event::Replies(nth, who)),
            Some(_) => {}
            None => self.plan(at, now.plus_ms(MINUTE_MS), Event::Review(nth)),
        }
        Ok(())
    }

    /// Whoever has taken over answers.
    pub(super) async fn replies(&mut self, at: usize, (nth, who): (usize, usize)) -> Result<(), AppError> {
        let now = self.now();
        let app = self.app.clone();
        let stage = self.stage_mut(at)?;
        let (Some(conversation), Some(colleague)) = (stage.conversation(nth), stage.team.get(who).cloned()) else {
            return Ok(());
        };
        let asked = stage.guests.get(&nth).and_then(|guest| guest.asked);
        let text = words_of_a_person(stage, asked);
        let client_id = format!("p-{}", now.0);
        let written = takeover::write(&app, &colleague.caller, conversation, &client_id, &text).await;
        if if_possible(written)?.is_some() {
            let later = around(&mut stage.random, 6 * MINUTE_MS);
            self.plan(at, now.plus_ms(later), Event::HandsBack(nth, who));
            self.plan(at, now.plus_ms(9_000), Event::Looks(nth));
        }
        Ok(())
    }

    pub(super) async fn hands_back(&mut self, at: usize, (nth, who): (usize, usize)) -> Result<(), AppError> {
        let app = self.app.clone();
        let stage = self.stage_mut(at)?;
        let (Some(conversation), Some(colleague)) = (stage.conversation(nth), stage.team.get(who).cloned()) else {
            return Ok(());
        };
        if_possible(takeover::hand_back(&app, &colleague.caller, conversation).await)?;
        Ok(())
    }

    /// The next check of a colleague, while the shop is open.
    pub(super) async fn checks(&mut self, at: usize, who: usize) -> Result<(), AppError> {
        let now = self.now();
        let app = self.app.clone();
        let stage = self.stage_mut(at)?;
        let is_open = stage.business.hours.is_open(now, &stage.business.zone);
        let Some(colleague) = stage.team.get(who).cloned() else {
            return Ok(());
        };
        if !is_open || colleague.checks_today >= CHECKS_A_DAY {
            return Ok(());
        }
        if colleague.busy_until > now {
            self.plan(at, colleague.busy_until.plus_ms(5_000), Event::Checks(who));
            return Ok(());
        }
        let Some(check) = checks::next(&app, &colleague.caller).await?.check else {
            return Ok(());
        };
        let asked = stage.business.about(&check.question);
        let label = match asked {
            Some(_) if seems_right(stage, asked, &check.text, (who, now)) => Label::Acceptable,
            None if check.text.is_empty() => Label::CannotJudge,
            // What is nothing of theirs was answered all the same.
            Some(_) | None => Label::Bad,
        };
        #[expect(clippy::cast_possible_truncation, reason = "seconds")]
        let usual = (35_000.0 * colleague.speed) as i64;
        let reading = around(&mut stage.random, usual).clamp(LEAST_READING_MS, 100_000);
        if let Some(colleague) = stage.team.get_mut(who) {
            colleague.busy_until = now.plus_ms(reading + 1_000);
            colleague.checks_today += 1;
        }
        self.plan(at, now.plus_ms(reading), Event::Judges(who, check.id, label));
        Ok(())
    }

    pub(super) async fn judges(
        &mut self,
        at: usize,
        (who, check, label): (usize, ItemId, Label),
    ) -> Result<(), AppError> {
        let now = self.now();
        let app = self.app.clone();
        let stage = self.stage_mut(at)?;
        let Some(colleague) = stage.team.get(who).cloned() else {
            return Ok(());
        };
        let verdict = Verdict {
            label: label.into(),
            reasons: if label == Label::Bad {
                vec![ReasonCode::Wrong]
            } else {
                Vec::new()
            },
            note: None,
        };
        if_possible(checks::judge(&app, &colleague.caller, check, verdict).await)?;
        self.plan(at, now.plus_ms(3_000), Event::Checks(who));
        Ok(())
    }

    /// Somebody decides about a form that was filled in.
    pub(super) async fn acts(&mut self, at: usize, (who, action): (usize, ActionId)) -> Result<(), AppError> {
        let app = self.app.clone();
        let stage = self.stage_mut(at)?;
        let Some(colleague) = stage.team.get(who).cloned() else {
            return Ok(());
        };
        let view = actions::action(&app, &colleague.caller, action).await?;
        let is_wanted = happens(&mut stage.random, 0.9);
        let wish = actions::Decide {
            kind: if is_wanted {
                DecisionType::Approve
            } else {
                DecisionType::Reject
            },
            args_hash: view.args_hash,
            args: None,
            message: None,
        };
        if_possible(actions::decide(&app, &colleague.caller, action, wish).await)?;
        Ok(())
    }
}

/// What a colleague does with a draft.
fn about_a_draft(stage: &mut Stage, asked: Option<usize>, is_right: bool) -> Made {
    let drawn = stage.random.unit();
    if is_right {
        // Some would say it in other words.
        return if drawn < 0.04 {
            let text = asked.map(|asked| stage.business.right_answer(asked).to_owned());
            Made {
                text,
                verdict: Some(VerdictLabel::Acceptable),
                reasons: vec![ReasonCode::Tone],
                ..Made::of(OutcomeKind::Edit)
            }
        } else {
            Made::of(OutcomeKind::Approve)
        };
    }
    match asked {
        Some(asked) if drawn < 0.75 => Made {
            text: Some(stage.business.right_answer(asked).to_owned()),
            verdict: Some(VerdictLabel::Bad),
            reasons: vec![ReasonCode::Wrong],
            ..Made::of(OutcomeKind::Edit)
        },
        Some(_) if drawn < 0.9 => Made {
            verdict: Some(VerdictLabel::Bad),
            ..Made::of(OutcomeKind::TakeOver)
        },
        _ => Made {
            text: Some(words_of_a_person(stage, asked)),
            verdict: Some(VerdictLabel::Bad),
            ..Made::of(OutcomeKind::Respond)
        },
    }
}

/// Where there is no draft to decide about, they answer.
fn answered(stage: &mut Stage, asked: Option<usize>) -> Made {
    // What is written for a question of theirs is kept sometimes.
    let remember = asked.is_some() && happens(&mut stage.random, 0.3);
    let text = match asked {
        Some(asked) if remember => stage.business.right_answer(asked).to_owned(),
        _ => words_of_a_person(stage, asked),
    };
    Made {
        text: Some(text),
        remember,
        ..Made::of(OutcomeKind::Respond)
    }
}

fn words_of_a_person(stage: &mut Stage, asked: Option<usize>) -> String {
    let talk = &stage.business.talk;
    match asked {
        Some(asked) => {
            let frame = pick(&mut stage.random, &talk.reply).cloned().unwrap_or_default();
            frame.replace("{answer}", stage.business.right_answer(asked))
        }
        None => talk.sorry.clone(),
    }
}
