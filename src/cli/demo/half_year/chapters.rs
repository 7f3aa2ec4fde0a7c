//! What the story wants: the owner lets certificates open the gate, something is launched, in month four the knowledge goes wrong, and what
//! becomes of that.

use super::play::{Event, Play};
use super::stage::Stage;
use super::story::{DAY_MS, MINUTE_MS};
use crate::app::{AppError, evidence, insight};
use crate::domain::evidence::Ended;
use crate::domain::policy::GateState;
use crate::domain::time::Timestamp;

/// From this day on a certificate may open the gate.
const OPENS_AFTER: i64 = 27;
/// On this day something new is offered.
const LAUNCH_AFTER: i64 = 61;
/// From this day on, month four, the knowledge goes wrong …
const MISTAKE_AFTER: i64 = 91;
/// … on the next third of a month: certificates were tested just before.
const MISTAKE_ON: i8 = 3;
/// So long after the mistake it is corrected in any case.
const CORRECTED_BY: i64 = 40;

impl Play {
    /// A day begins: everybody is asked to judge some checks, and the story goes on.
    pub(super) async fn day(&mut self, at: usize) -> Result<(), AppError> {
        let now = self.now();
        let days = now.ms_since(self.begin) / DAY_MS;
        let stage = self.stage_mut(at)?;
        for colleague in &mut stage.team {
            colleague.checks_today = 0;
        }
        let plans: Vec<(Timestamp, usize)> = (0..stage.team.len())
            .map(|who| {
                let later = i64::try_from(stage.random.below(200)).unwrap_or_default();
                (stage.open_at(now.plus_ms(later * MINUTE_MS)), who)
            })
            .collect();
        // Not for weeks ahead: the next day asks anew.
        for (checks_at, who) in plans.into_iter().filter(|(at, _)| at.ms_since(now) < DAY_MS) {
            self.plan(at, checks_at, Event::Checks(who));
        }
        self.chapter(at, days).await?;
        let workspace_id = self.stage_mut(at)?.workspace_id;
        insight::catch_up(&self.app, workspace_id).await?;
        self.plan(at, now.plus_ms(DAY_MS), Event::Day);
        Ok(())
    }

    async fn chapter(&mut self, at: usize, days: i64) -> Result<(), AppError> {
        let (now, app) = (self.now(), self.app.clone());
        let stage = self.stage_mut(at)?;
        let chapters = stage.chapters;
        if days >= OPENS_AFTER && chapters.opens_at.is_none() {
            let owner = stage.owner().map_err(|failure| AppError::Internal(failure.sentence))?;
            let opens = evidence::AutonomyInput {
                opens: Some(true),
                ..evidence::AutonomyInput::default()
            };
            evidence::set_autonomy(&app, owner, opens).await?;
            stage.chapters.opens_at = Some(now);
        }
        if days >= LAUNCH_AFTER && chapters.launched_at.is_none() {
            publish(stage, &app, false).await?;
            stage.chapters.launched_at = Some(now);
        }
        let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let is_the_day = moment.to_zoned(stage.business.zone.clone()).day() == MISTAKE_ON;
        if days >= MISTAKE_AFTER && is_the_day && chapters.mistaken_at.is_none() {
            publish(stage, &app, true).await?;
            stage.chapters.mistaken_at = Some(now);
            stage.chapters.noticed_at = Some(now.plus_ms(stage.noticed_after_days * DAY_MS));
        }
        self.after_the_mistake(at).await
    }

    /// Has the alarm closed the gate; and once it has, the owner corrects what was wrong.
    async fn after_the_mistake(&mut self, at: usize) -> Result<(), AppError> {
        let (now, app) = (self.now(), self.app.clone());
        let stage = self.stage_mut(at)?;
        let chapters = stage.chapters;
        let Some(mistaken_at) = chapters.mistaken_at else {
            return Ok(());
        };
        let rows = app.store().rows(stage.workspace_id);
        if chapters.alarmed_at.is_none() && chapters.corrected_at.is_none() {
            let ended = rows.certificates(12).await?.into_iter();
            let by_drift = ended.filter(|row| row.ended_because == Some(Ended::Drift));
            stage.chapters.alarmed_at = by_drift
                .filter_map(|row| row.ended_at)
                .filter(|at| *at >= mistaken_at)
                .min();
        }
        let is_due = stage.chapters.alarmed_at.is_some() || now.ms_since(mistaken_at) >= CORRECTED_BY * DAY_MS;
        if is_due && chapters.corrected_at.is_none() {
            publish(stage, &app, false).await?;
            stage.chapters.corrected_at = Some(now);
        }
        if chapters.corrected_at.is_some() && chapters.earned_again_at.is_none() {
            let gate = rows.workspace().await?.map(|row| row.gate.0);
            if matches!(gate, Some(GateState::Certified(_))) {
                stage.chapters.earned_again_at = Some(now);
            }
        }
        Ok(())
    }
}

async fn publish(stage: &Stage, app: &crate::app::App, has_mistake: bool) -> Result<(), AppError> {
    let published = stage.publish(app, true, has_mistake).await;
    published.map_err(|failure| AppError::Internal(failure.sentence))
}
