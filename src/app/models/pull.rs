//! A model fetched from another machine. The download runs here, whoever waits for it; what has come stays when it is
//! interrupted, and the same wish goes on from there.

mod attempt;
mod part;

pub(super) use part::{discard, unfinished_downloads};

use super::add::{already_there, expect_pinned};
use super::arrival::{self, Arrival, ArrivalState, ArrivalView, Ended};
use super::file::{self, Finished, Place};
use super::{ModelSettings, catalogue, conflict, writers};
use crate::app::{App, AppError};
use crate::domain::log::Actor;
use crate::domain::model::{ModelName, Purpose, Sha256Digest};
use crate::outbound::{Allowed, OutboundError, check, parse_url, shown};
use attempt::Broke;
use part::Part;
use reqwest::Url;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Times in a row that a download may break off without having come further than before.
const MOST_IN_VAIN: u32 = 6;
/// Longest wait before it is taken up again.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Longest wait that another machine may ask for.
const LONGEST_WAIT_ASKED: Duration = Duration::from_mins(5);

/// What is to be fetched.
#[derive(Clone)]
pub struct PullWish {
    /// Its address.
    pub url: String,
    /// What the model is to be called; after the file in the address if `None`.
    pub name: Option<ModelName>,
    /// The digest that it must have.
    pub sha256: Option<Sha256Digest>,
    /// What may be asked besides encrypted public addresses.
    pub allowed: Allowed,
    /// A bearer token for the machine of the address, and for no other.
    pub token: Option<String>,
}

impl fmt::Debug for PullWish {
    // Neither the token nor the address, whose query may be one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PullWish")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A download, with all it needs.
struct Pull {
    settings: ModelSettings,
    arrival: Arc<Arrival>,
    url: Url,
    source: String,
    allowed: Allowed,
    token: Option<String>,
    /// The digest it must have, if somebody has said: who asked, or the catalogue.
    pinned: Option<Sha256Digest>,
}

/// Begins to fetch a model into the catalogue, or joins the download of the same wish.
///
/// # Errors
/// [`AppError::Invalid`] for an address that cannot be fetched or names no model, [`AppError::Conflict`] for a name that is taken.
pub async fn pull(app: &App, by: Actor, wish: PullWish) -> Result<ArrivalView, AppError> {
    let catalogue = catalogue(app)?;
    let invalid = |error: OutboundError| AppError::Invalid(error.to_string());
    let url = parse_url(&wish.url).map_err(invalid)?;
    check(&url, wish.allowed).map_err(invalid)?;
    let name = wish.name.or_else(|| ModelName::of_url_path(url.path())).ok_or_else(|| {
        AppError::Invalid(format!(
            "the address {} does not end in the name of a .gguf file; use the address of the file itself, or name the model with --name",
            shown(&url)
        ))
    })?;
    let place = file::place(app, &name).await?;
    if matches!(place, Place::Free) && catalogue.settings.folder.join(name.file()).exists() {
        return Err(conflict(file::in_the_way(&catalogue.settings.folder.join(name.file()))));
    }
    file::make_folder(&catalogue.settings.folder).map_err(AppError::Invalid)?;
    let source = shown(&url);
    let words = format!("pull {url} {:?}", wish.sha256);
    let (arrival, is_new) = arrival::begin(app, catalogue, name, source.clone(), words)?;
    if is_new {
        let pull = Pull {
            settings: catalogue.settings.clone(),
            arrival: arrival.clone(),
            url,
            source,
            allowed: wish.allowed,
            token: wish.token,
            pinned: wish.sha256,
        };
        let app = app.clone();
        app.inner.tasks.clone().spawn(async move {
            let result = pull.run(&app, by, place).await;
            arrival::conclude(&pull.arrival, result);
        });
    }
    Ok(arrival.view())
}

impl Pull {
    async fn run(&self, app: &App, by: Actor, place: Place) -> Result<(), Ended> {
        let name = self.arrival.view().name;
        let mut part = Part::open(&self.settings.folder, &name, &self.source)
            .map_err(|error| file::cannot_write(&self.settings.folder.join(name.file()), &error))?;
        let repairs = match place {
            Place::Free => None,
            Place::Repairs(row) => Some(row),
        };
        let fetched = self.fetch(app, &mut part, repairs.is_some()).await;
        let Some(expected) = fetched? else {
            // It is in the catalogue already.
            part.discard()
                .map_err(|error| file::cannot_write(part.path(), &error))?;
            return Ok(());
        };
        match self.finish(app, &part, expected, repairs).await {
            Ok(Some(finished)) => {
                if finished.purpose == Purpose::Adapter
                    && let Err(refused) = writers::judge_adapter(app, &self.arrival, &finished.file, None).await
                {
                    part.discard()
                        .map_err(|error| file::cannot_write(part.path(), &error))?;
                    return Err(refused);
                }
                file::store(app, &self.arrival, &by.to_string(), finished).await?;
                part.forget();
                Ok(())
            }
            Ok(None) => {
                part.discard()
                    .map_err(|error| file::cannot_write(part.path(), &error))?;
                Ok(())
            }
            Err(Ended::Stopped) => Err(Ended::Stopped),
            Err(failed) => {
                // What is whole and wrong is of no use to a next try.
                if let Err(error) = part.discard() {
                    tracing::warn!(%error, "A useless download could not be removed");
                }
                Err(failed)
            }
        }
    }

    /// Fetches until the file is whole: the digest it should have, as far as anybody has said. `None` if the catalogue has it.
    async fn fetch(&self, app: &App, part: &mut Part, is_repair: bool) -> Result<Option<Option<Sha256Digest>>, Ended> {
        if !is_repair && self.is_known(app, self.pinned).await? {
            return Ok(None);
        }
        let mut in_vain = 0;
        let mut furthest = part.have();
        loop {
            let why = match self.attempt(app, part, is_repair).await {
                Ok(found) => return Ok(found),
                Err(Broke::ForGood(ended)) => return Err(ended),
                Err(Broke::Useless(why)) => {
                    if let Err(error) = part.discard() {
                        tracing::warn!(%error, "A useless download could not be removed");
                    }
                    return Err(Ended::Failed(why));
                }
                Err(Broke::Again(why)) => why,
            };
            in_vain = if part.have() > furthest { 1 } else { in_vain + 1 };
            furthest = furthest.max(part.have());
            if in_vain >= MOST_IN_VAIN {
                let kept = match part.have() {
                    0 => String::new(),
                    have => format!(
                        "; {} of it are kept, and the same command goes on from there",
                        super::size(have)
                    ),
                };
                return Err(Ended::Failed(format!("{}{kept}", why.says)));
            }
            self.wait(in_vain, why).await?;
        }
    }

    /// Waits before the next attempt, longer every time.
    async fn wait(&self, in_vain: u32, why: attempt::Again) -> Result<(), Ended> {
        let doublings = in_vain.saturating_sub(1).min(16);
        let own = self
            .settings
            .first_retry_wait
            .saturating_mul(1 << doublings)
            .min(LONGEST_WAIT);
        let wait = why
            .asked_wait
            .map_or(own, |asked| asked.clamp(own, LONGEST_WAIT_ASKED.max(own)));
        tracing::info!(model.source = %self.source, why = %why.says, "A download broke off and is taken up again");
        self.arrival.tell(|view| {
            view.state = ArrivalState::Waiting;
            view.problem = Some(why.says);
        });
        tokio::select! {
            () = sleep(wait) => Ok(()),
            () = self.arrival.stop.cancelled() => Err(Ended::Stopped),
        }
    }

    /// Is the content with this digest in the catalogue? Then there is nothing to fetch.
    async fn is_known(&self, app: &App, sha256: Option<Sha256Digest>) -> Result<bool, Ended> {
        let Some(sha256) = sha256 else { return Ok(false) };
        let known = app.store().model_by_content(sha256).await?;
        if let Some(known) = &known {
            already_there(&self.arrival, known);
        }
        Ok(known.is_some())
    }

    /// Checks the whole file. `None` if the catalogue has it under another name.
    async fn finish(
        &self,
        app: &App,
        part: &Part,
        expected: Option<Sha256Digest>,
        repairs: Option<crate::store::entity::model::Model>,
    ) -> Result<Option<Finished>, Ended> {
        let (path, arrival, settings) = (part.path().to_owned(), self.arrival.clone(), self.settings.clone());
        let at = path.clone();
        let (purpose, bytes) = file::blocking(move || {
            let (found, bytes) = file::inspected(&at)?;
            Ok((file::judge(&found, &settings, &arrival)?, bytes))
        })
        .await?;
        let sha256 = file::hashed(&self.arrival, path.clone(), bytes).await?;
        match expected {
            Some(expected) if expected != sha256 => {
                return Err(Ended::Failed(format!(
                    "what came has the SHA-256 {sha256} and should have {expected}: it was changed or damaged on the way, so it was removed; try again, and if it stays so, do not trust this address"
                )));
            }
            Some(_same) => {}
            None => self.arrival.note(format!(
                "Nobody has said which SHA-256 the file must have, so it is pinned as it came: {sha256}. Compare it with the one on the page of the model."
            )),
        }
        let repairs = match repairs {
            Some(row) => Some(expect_pinned(row, sha256)?),
            None if self.is_known(app, Some(sha256)).await? => return Ok(None),
            None => None,
        };
        Ok(Some(Finished {
            file: path,
            purpose,
            sha256,
            bytes,
            repairs,
        }))
    }
}
