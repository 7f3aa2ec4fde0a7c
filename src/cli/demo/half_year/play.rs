//! The story as it goes on: what happens next, at its time, and the jobs in between.

use super::sources::StoryClock;
use super::stage::{Stage, is_prompt};
use super::story::DAY_MS;
use super::told;
use crate::app::{App, AppError, ErrorKind, insight, jobs, team};
use crate::cli::exit::Failure;
use crate::domain::ids::{ActionId, ItemId};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use indicatif::ProgressBar;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Jobs that nobody waits for are done this often, in milliseconds.
const CARE_MS: i64 = 5 * 3_600_000;

/// Something that happens in a business. Visits and colleagues are places in its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// Somebody comes and writes.
    Arrives(usize),
    /// They look whether there is an answer.
    Looks(usize),
    /// They write a second time.
    AsksOn(usize),
    /// What waits of theirs is looked at.
    Review(usize),
    /// A colleague decides.
    Decides(usize, usize, ItemId),
    /// A colleague who has taken over writes.
    Replies(usize, usize),
    /// And gives the conversation back.
    HandsBack(usize, usize),
    /// A colleague asks for the next check.
    Checks(usize),
    /// And judges it.
    Judges(usize, ItemId, Label),
    /// What was asked to be done is decided about.
    Acts(usize, ActionId),
    /// A new day: what the story wants.
    Day,
}

/// A verdict, in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    Acceptable,
    Bad,
    CannotJudge,
}

impl From<Label> for VerdictLabel {
    fn from(label: Label) -> Self {
        match label {
            Label::Acceptable => Self::Acceptable,
            Label::Bad => Self::Bad,
            Label::CannotJudge => Self::CannotJudge,
        }
    }
}

/// When, the how-manieth that was planned, in which business, what.
type Planned = Reverse<(Timestamp, u64, usize, Event)>;

/// The story under way.
pub(super) struct Play {
    pub(super) app: App,
    pub(super) clock: Arc<StoryClock>,
    pub(super) stages: Vec<Stage>,
    pub(super) begin: Timestamp,
    pub(super) end: Timestamp,
    planned: BinaryHeap<Planned>,
    numbered: u64,
    cared_at: Timestamp,
    pub(super) bar: ProgressBar,
}

impl Play {
    pub(super) fn new(
        (app, clock): (App, Arc<StoryClock>),
        stages: Vec<Stage>,
        (begin, end): (Timestamp, Timestamp),
        bar: ProgressBar,
    ) -> Self {
        let mut play = Self {
            app,
            clock,
            stages,
            begin,
            end,
            planned: BinaryHeap::new(),
            numbered: 0,
            cared_at: begin,
            bar,
        };
        for stage in 0..play.stages.len() {
            let arrivals = play.stages.get(stage).map(|stage| &stage.visits);
            let arrivals: Vec<Timestamp> = arrivals.into_iter().flatten().map(|visit| visit.at).collect();
            for (visit, at) in arrivals.into_iter().enumerate() {
                play.plan(stage, at, Event::Arrives(visit));
            }
            play.plan(stage, begin.plus_ms(DAY_MS), Event::Day);
        }
        play
    }

    /// Something is to happen.
    pub(super) fn plan(&mut self, stage: usize, at: Timestamp, event: Event) {
        self.numbered += 1;
        self.planned.push(Reverse((at, self.numbered, stage, event)));
    }

    /// Plays to the end.
    pub(super) async fn run(&mut self) -> Result<(), Failure> {
        loop {
            let job = jobs::next_due(&self.app, is_prompt).await.map_err(told)?;
            let planned = self.planned.peek().map(|Reverse((at, ..))| *at);
            let Some(next) = [job, planned].into_iter().flatten().min().filter(|at| *at < self.end) else {
                break;
            };
            self.clock.go_to(next);
            if job.is_some_and(|at| at <= next) {
                jobs::run_due(&self.app, is_prompt).await.map_err(told)?;
            }
            if planned.is_some_and(|at| at <= next)
                && let Some(Reverse((_, _, stage, event))) = self.planned.pop()
            {
                self.happens(stage, event).await?;
            }
            self.take_care(CARE_MS).await?;
        }
        self.clock.go_to(self.end);
        jobs::run_due(&self.app, is_prompt).await.map_err(told)?;
        self.take_care(0).await?;
        for stage in &self.stages {
            insight::catch_up(&self.app, stage.workspace_id).await.map_err(told)?;
        }
        Ok(())
    }

    /// Does the jobs that nobody waits for, if it is time.
    pub(super) async fn take_care(&mut self, every_ms: i64) -> Result<(), Failure> {
        let now = self.app.store().sources().clock.now();
        if now.ms_since(self.cared_at) < every_ms {
            return Ok(());
        }
        self.cared_at = now;
        jobs::run_due(&self.app, |kind| !is_prompt(kind)).await.map_err(told)
    }

    async fn happens(&mut self, stage: usize, event: Event) -> Result<(), Failure> {
        match event {
            Event::Arrives(visit) => self.arrives(stage, visit).await,
            Event::Looks(visit) => self.looks(stage, visit).await,
            Event::AsksOn(visit) => self.asks_on(stage, visit).await,
            Event::Review(visit) => self.review(stage, visit).await,
            Event::Decides(visit, who, item) => self.decides(stage, (visit, who, item)).await,
            Event::Replies(visit, who) => self.replies(stage, (visit, who)).await,
            Event::HandsBack(visit, who) => self.hands_back(stage, (visit, who)).await,
            Event::Checks(who) => self.checks(stage, who).await,
            Event::Judges(who, check, label) => self.judges(stage, (who, check, label)).await,
            Event::Acts(who, action) => self.acts(stage, (who, action)).await,
            Event::Day => self.day(stage).await,
        }
        .map_err(told)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.app.store().sources().clock.now()
    }

    /// Those who work there have their pages open while it is open.
    pub(super) async fn is_present(&self, stage: &Stage) -> Result<(), AppError> {
        if stage.business.hours.is_open(self.now(), &stage.business.zone) {
            for colleague in &stage.team {
                team::heartbeat(&self.app, &colleague.caller, team::Heartbeat::default()).await?;
            }
        }
        Ok(())
    }
}

/// What the rules refuse is a part of life: somebody was faster, or wrote again. Everything else ends the story.
pub(super) fn if_possible<T>(tried: Result<T, AppError>) -> Result<Option<T>, AppError> {
    match tried {
        Ok(done) => Ok(Some(done)),
        Err(error) => match error.kind() {
            ErrorKind::Conflict(_) | ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Gone | ErrorKind::Busy => {
                tracing::debug!(%error, "refused in the story");
                Ok(None)
            }
            _ => Err(error),
        },
    }
}
