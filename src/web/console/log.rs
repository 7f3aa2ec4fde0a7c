//! The log in readable sentences.

use super::html;
use super::sentences::{Names, href, sentence};
use super::view::{ChainStatus, LogLine, LogPage, LogPart, Section};
use super::viewer::Viewer;
use crate::app::history::{self, Verification};
use crate::web::error::Problem;
use crate::web::extract::Query;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Entries of a page.
const LISTED: usize = 100;
/// Of a hash, this many digits are shown.
const HASH_DIGITS: usize = 12;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    before: Option<i64>,
    verify: Option<u8>,
}

/// `GET /log?before=SEQ&verify=1`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let chain = match wanted.verify {
        Some(_) => Some(chain(history::verify(&web.app, &viewer.caller, None).await?)),
        None => None,
    };
    let list = list(&web, &viewer, wanted.before).await?;
    html(&LogPage {
        shell: viewer.shell(Section::Log),
        chain,
        list,
    })
}

/// `GET /parts/log?before=SEQ`
pub(super) async fn part(
    State(web): State<Web>,
    viewer: Viewer,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    html(&list(&web, &viewer, wanted.before).await?)
}

fn chain(found: Verification) -> ChainStatus {
    match found.first_bad {
        None => ChainStatus::Whole {
            entries: u64::try_from(found.entries).unwrap_or_default(),
            head: shortened(&found.head),
        },
        Some(first_bad) => ChainStatus::Broken {
            first_bad,
            why: super::sentence(&found.why.unwrap_or_default()),
        },
    }
}

fn shortened(hash: &str) -> String {
    hash.chars().take(HASH_DIGITS).collect()
}

async fn list(web: &Web, viewer: &Viewer, before: Option<i64>) -> Result<LogPart, Problem> {
    let entries = history::before(&web.app, &viewer.caller, before, LISTED as u64).await?;
    let names = Names::of(&web.app, &viewer.caller).await?;
    let older_than = entries.last().filter(|_| entries.len() == LISTED).map(|last| last.seq);
    let lines = entries.iter().map(|entry| LogLine {
        seq: entry.seq,
        at: viewer.moment(entry.at),
        sentence: sentence(entry, &names),
        href: href(entry),
        hash: shortened(&entry.hash),
        kind: entry.kind.clone(),
    });
    Ok(LogPart {
        lines: lines.collect(),
        older_than,
    })
}
