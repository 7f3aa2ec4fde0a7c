//! What the console's pages show: plain data, each page with its template.
//!
//! Nothing here reads a clock, a database or a setting. Moments arrive as [`Moment`]s (already in the
//! workspace's time zone), passages as [`Marked`] text, words for codes come from the enums below, so that a
//! page can be rendered, looked at and tested from a literal.
//!
//! A struct named `…Page` is a whole document; one named `…Part` is the piece of it that is fetched again when
//! something changed (`/parts/…`) and the page includes.

mod actions;
mod agency;
mod agents;
mod analyse;
mod answers;
mod checks;
mod conversations;
mod correction;
mod engage;
mod entrance;
mod improve;
mod knowledge;
mod limits;
mod log;
mod marked;
mod models;
mod moment;
mod overview;
mod picture;
mod policy;
mod quality;
mod queue;
mod rehearsal;
mod reliability;
mod replies;
mod reports;
mod shell;
mod team;
mod topics;
mod webhooks;
mod words;

pub use actions::{
    ActionCard, ActionPage, ActionPart, ActionRow, ActionStatePart, ActionsPage, ActionsPart, ArgLine, FieldView,
    ToolChoice, ToolPage, ToolRow, ToolsPage, risk_code, risk_words,
};
pub use agency::{AgencyPage, ClientRow};
pub use agents::{AdapterChoice, AgentFields, AgentPage, AgentRow, AgentVersionCard, AgentsPage, ModelChoice};
pub use analyse::{
    AnalysePage, BarLine, BarsPicture, BehindPage, Choice, FigureCard, HeatCell, HeatPicture, VersionLine,
};
pub use answers::{
    AnswerHistory, AnswerSource, ConflictCard, VerifiedAnswerPage, VerifiedAnswerRow, VerifiedAnswersPage, WeekBar,
};
pub use checks::ChecksPage;
pub use conversations::{
    ConversationPage, ConversationPart, ConversationRow, ConversationsPage, ConversationsPart, DraftTrace, ThreadEntry,
    ThreadMessage,
};
pub use correction::{CauseTick, CorrectionDone, CorrectionPage, DocumentTick, ToldLine};
pub use engage::{
    FeedLine, GoalRow, GoalsPage, LeadCard, LeadPage, LeadsPage, OccurrenceRow, OwnerChoice, PathBar, ReachedLine,
    ReachedPage, StageChoice, WallPart,
};
pub use entrance::{LoginPage, ProblemPage, SetupPage};
pub use improve::{
    BlindPart, CandidatePage, CaseLine, ChangeLine, ChangeRow, ComparePage, GapAsked, GapCard, ImprovePage, SetRow,
    TunedRow,
};
pub use knowledge::{DocumentPage, DocumentRow, DocumentsPage, DocumentsPart, KnowledgeFile, SearchHit};
pub use limits::{LimitRow, LimitsPage};
pub use log::{LogLine, LogPage, LogPart};
pub use marked::{Marked, Piece};
pub use models::{AgentUse, Figure, FitnessRow, FitnessTable, ModelCard, ModelFile, ModelsPage, ModelsPart};
pub use moment::Moment;
pub use overview::{LivePage, LivePart, LiveRow};
pub use picture::{AutonomyPicture, CurveLine, Dot, DriftDot, DriftLine, DriftPicture, Point};
pub use policy::{PolicyPage, PolicyVersion, ReleasedTopic};
pub use quality::{
    AccuracyLine, AnswerLine, AnswersPage, AutonomyForm, MonthLine, PlanPart, QualityPage, ReviewerLine, ReviewersPart,
};
pub use queue::{
    DraftView, Flag, ItemPart, LeaseView, MessageView, QueueItem, QueuePage, QueuePart, QueueRow, RowKind, SourceView,
};
pub use rehearsal::{
    GapLine, PartLine, RehearsalPage, RehearsalRow, RehearsalSheetPage, RehearsalsPage, SheetPart, SheetPicture,
};
pub use reliability::{Mark, ReliabilityLine, ReliabilityPicture};
pub use replies::{RepliesPage, ReplyRow};
pub use reports::{OneReportPage, ReportField, ReportLine, ReportsPage};
pub use shell::{ChainStatus, EngineState, GateBadge, PlaceChoice, Section, Shell, Undelivered};
pub use team::TeamPage;
pub use topics::{PatternCard, Steps, TopicLine, TopicPage, TopicsPage};
pub use webhooks::{AttemptRow, DeliveryRow, SubscriptionRow, TypeChoice, WebhookPage, WebhooksPage};
pub use words::{OwnerView, REASONS, Severity, Words};
