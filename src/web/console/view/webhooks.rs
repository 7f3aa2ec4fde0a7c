//! Settings: webhooks.

use askama::Template;

use super::{Moment, Shell};
use crate::domain::webhook::{DeliveryState, SubscriptionState, Type};

/// A type of event in a form.
#[derive(Clone, Debug)]
pub struct TypeChoice {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it tells.
    pub words: &'static str,
    /// Whether it is wanted.
    pub wanted: bool,
}

impl TypeChoice {
    /// All types, those that are wanted ticked.
    pub fn all(wanted: &[Type]) -> Vec<Self> {
        let choice = |kind: &Type| Self {
            name: kind.as_str(),
            words: kind.in_words(),
            wanted: wanted.contains(kind),
        };
        Type::ALL.iter().map(choice).collect()
    }
}

/// A subscription in a list.
#[derive(Clone, Debug)]
pub struct SubscriptionRow {
    /// Its id.
    pub id: String,
    /// The address, without its query.
    pub url: String,
    /// What it is for.
    pub note: String,
    /// What it is told of, in a clause.
    pub told: String,
    /// Where it stands.
    pub state: SubscriptionState,
}

impl SubscriptionRow {
    /// Where it stands, in words; nothing where nothing has to be said.
    pub const fn state_words(&self) -> &'static str {
        match self.state {
            SubscriptionState::Active => "",
            SubscriptionState::Paused => "Paused",
            SubscriptionState::Gone => "Switched off: the receiver said that it is gone",
            SubscriptionState::Removed => "Removed",
        }
    }

    /// Whether it can be resumed.
    pub fn is_held(&self) -> bool {
        self.state != SubscriptionState::Active
    }
}

/// An attempt of a delivery.
#[derive(Clone, Debug)]
pub struct AttemptRow {
    /// When.
    pub at: Moment,
    /// What came of it, in words.
    pub said: String,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
}

/// A delivery in a list.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// Its id.
    pub id: String,
    /// What happened.
    pub kind: String,
    /// Where it goes, without its query.
    pub url: String,
    /// When it was queued.
    pub at: Moment,
    /// Where it stands.
    pub state: DeliveryState,
    /// When it is tried next.
    pub next: Option<Moment>,
    /// What is sent.
    pub body: String,
    /// The latest attempts, the newest first.
    pub tries: Vec<AttemptRow>,
}

impl DeliveryRow {
    /// A word for style sheets.
    pub const fn state_code(&self) -> &'static str {
        match self.state {
            DeliveryState::Queued => "queued",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Failed => "failed",
        }
    }

    /// Where it stands, in words.
    pub const fn state_words(&self) -> &'static str {
        match self.state {
            DeliveryState::Queued => "Waits",
            DeliveryState::Delivered => "Delivered",
            DeliveryState::Failed => "Not delivered",
        }
    }
}

/// `GET /settings/webhooks`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/webhooks.html")]
pub struct WebhooksPage {
    /// The frame.
    pub shell: Shell,
    /// The oldest first.
    pub subscriptions: Vec<SubscriptionRow>,
    /// What can be subscribed to.
    pub types: Vec<TypeChoice>,
    /// The latest deliveries to anybody.
    pub deliveries: Vec<DeliveryRow>,
    /// The query of the next page of them.
    pub next: Option<String>,
}

/// `GET /settings/webhooks/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/webhook.html")]
pub struct WebhookPage {
    /// The frame.
    pub shell: Shell,
    /// The subscription.
    pub row: SubscriptionRow,
    /// When it was made.
    pub since: Moment,
    /// Until when the secret before signs as well.
    pub both_until: Option<Moment>,
    /// What can be subscribed to.
    pub types: Vec<TypeChoice>,
    /// It is told everything.
    pub is_all: bool,
    /// Its latest deliveries.
    pub deliveries: Vec<DeliveryRow>,
    /// The query of the next page of them.
    pub next: Option<String>,
}
