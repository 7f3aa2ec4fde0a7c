//! Settings: who is told what happens, and how that went. Changes go through the API.

use super::html;
use super::view::{AttemptRow, DeliveryRow, Section, SubscriptionRow, TypeChoice, WebhookPage, WebhooksPage};
use super::viewer::Viewer;
use crate::app::webhooks::{self, AttemptView, DeliveryView, SubscriptionView};
use crate::domain::account::Scope;
use crate::domain::ids::SubscriptionId;
use crate::store::DeliveryFilter;
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Deliveries of a page.
const PAGE: u64 = 20;

/// Which page of deliveries.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Shown {
    after: Option<String>,
}

/// `GET /settings/webhooks`
pub(super) async fn list(
    State(web): State<Web>,
    viewer: Viewer,
    Query(shown): Query<Shown>,
) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let subscriptions = webhooks::subscriptions(&web.app, &viewer.caller).await?;
    let (deliveries, next) = deliveries(&web, &viewer, DeliveryFilter::default(), &shown).await?;
    html(&WebhooksPage {
        shell: viewer.shell(Section::Settings),
        subscriptions: subscriptions.into_iter().map(row).collect(),
        types: TypeChoice::all(&[]),
        deliveries,
        next,
    })
}

/// `GET /settings/webhooks/{id}`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<SubscriptionId>,
    Query(shown): Query<Shown>,
) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let view = webhooks::one(&web.app, &viewer.caller, id).await?;
    let filter = DeliveryFilter {
        subscription: Some(id),
        state: None,
    };
    let (deliveries, next) = deliveries(&web, &viewer, filter, &shown).await?;
    html(&WebhookPage {
        shell: viewer.shell(Section::Settings),
        since: viewer.moment(view.created_at),
        both_until: view.both_until.map(|at| viewer.moment(at)),
        types: TypeChoice::all(&view.types),
        is_all: view.types.is_empty(),
        row: row(view),
        deliveries,
        next,
    })
}

fn row(view: SubscriptionView) -> SubscriptionRow {
    let told = match view.types.len() {
        0 => "Everything".to_owned(),
        1 => "1 type of event".to_owned(),
        more => format!("{more} types of events"),
    };
    SubscriptionRow {
        id: view.id.to_string(),
        url: view.url,
        note: view.note,
        told,
        state: view.state,
    }
}

async fn deliveries(
    web: &Web,
    viewer: &Viewer,
    filter: DeliveryFilter,
    shown: &Shown,
) -> Result<(Vec<DeliveryRow>, Option<String>), Problem> {
    let page = webhooks::list(&web.app, &viewer.caller, filter, shown.after.as_deref(), PAGE).await?;
    let mut rows = Vec::with_capacity(page.items.len());
    for view in page.items {
        let whole = webhooks::delivery(&web.app, &viewer.caller, view.id).await?;
        rows.push(delivery_row(viewer, whole.delivery, whole.body, &whole.tries));
    }
    Ok((rows, page.next))
}

fn delivery_row(viewer: &Viewer, view: DeliveryView, body: String, tries: &[AttemptView]) -> DeliveryRow {
    let attempt = |attempt: &AttemptView| AttemptRow {
        at: viewer.moment(attempt.at),
        said: match (&attempt.error, attempt.status) {
            (Some(error), _) => super::sentence(error),
            (None, Some(status)) => format!("Answered {status}"),
            (None, None) => "Delivered".to_owned(),
        },
        took_ms: attempt.duration_ms,
    };
    DeliveryRow {
        id: view.id.to_string(),
        kind: view.kind,
        url: view.url,
        at: viewer.moment(view.created_at),
        state: view.state,
        next: view.next_at.map(|at| viewer.moment(at)),
        body,
        tries: tries.iter().map(attempt).collect(),
    }
}
