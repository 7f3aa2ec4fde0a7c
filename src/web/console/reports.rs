//! Reports: those that were made, one of them, and how they are sent. Changes go through the API.

use super::html;
use super::view::{OneReportPage, ReportField, ReportLine, ReportsPage, Section};
use super::viewer::Viewer;
use crate::app::report;
use crate::domain::ids::ReportId;
use crate::domain::report::page::article;
use crate::domain::report::{Language, ReportSettings};
use crate::web::error::Problem;
use crate::web::extract::InPath;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// Reports of the page.
const SHOWN: u64 = 50;

/// `GET /reports`
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    let found = report::reports(&web.app, &viewer.caller, None, SHOWN).await?.items;
    let settings = report::settings(&web.app, &viewer.caller).await?;
    html(&ReportsPage {
        shell: viewer.shell(Section::Reports),
        reports: found
            .into_iter()
            .map(|row| ReportLine {
                id: row.id.to_string(),
                title: row.title,
                headline: row.headline,
                made: viewer.moment(row.made_at),
                sent: row.sent_at.is_some(),
            })
            .collect(),
        digest: settings.digest,
        month: settings.month,
        german: settings.language == Language::German,
        recipients: settings.recipients.join("\n"),
        fields: fields(&settings),
    })
}

fn fields(settings: &ReportSettings) -> Vec<ReportField> {
    let price = |price: &Option<String>| price.clone().unwrap_or_default();
    let field = |name, label, value: String, is_number| ReportField {
        name,
        label,
        value,
        is_number,
    };
    vec![
        field(
            "weekday",
            "Day of the week of the digest (1 is Monday)",
            settings.weekday.to_string(),
            true,
        ),
        field(
            "day_of_month",
            "Day of the month of the monthly report (1 to 28)",
            settings.day_of_month.to_string(),
            true,
        ),
        field("hour", "From this hour on (0 to 23)", settings.hour.to_string(), true),
        field("currency", "Currency, like EUR", settings.currency.clone(), false),
        field(
            "seconds_per_answer",
            "Seconds that a person takes for an answer",
            settings.seconds_per_answer.to_string(),
            true,
        ),
        field(
            "hour_costs",
            "What an hour of a person costs, like 30.00",
            price(&settings.hour_costs),
            false,
        ),
        field(
            "month_costs",
            "What the assistant costs a month",
            price(&settings.month_costs),
            false,
        ),
        field(
            "conversion_value",
            "What a conversion is worth",
            price(&settings.conversion_value),
            false,
        ),
        field("sender", "Who the reports are from", settings.sender.clone(), false),
        field("accent", "Colour, like #1f5fa8", settings.accent.clone(), false),
        field(
            "link_days",
            "Days that a mailed link works",
            settings.link_days.to_string(),
            true,
        ),
    ]
}

/// `GET /reports/{id}`
pub(super) async fn one(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<ReportId>,
) -> Result<Response, Problem> {
    let found = report::report(&web.app, &viewer.caller, id).await?;
    html(&OneReportPage {
        shell: viewer.shell(Section::Reports),
        id: id.to_string(),
        language: found.report.language.code(),
        days: format!(
            "from={}&to={}",
            found.report.facts.span.from, found.report.facts.span.to
        ),
        article: article(&found.report, "picture"),
        title: found.report.title,
    })
}
