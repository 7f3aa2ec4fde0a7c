//! One attempt at a download: asking, judging the answer's head, and taking in the body.

use super::Pull;
use super::part::{Note, Part};
use crate::app::App;
use crate::app::models::arrival::{ArrivalState, Ended};
use crate::app::models::{file, size};
use crate::domain::model::Sha256Digest;
use crate::engine::gguf::{ModelFileProblem, inspect_beginning};
use crate::outbound::{Answer, ContentRange, Get, OutboundError};
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_RANGE, RANGE, RETRY_AFTER,
};
use http::{HeaderMap, HeaderValue};
use std::fs::File;
use std::io;
use std::time::Duration;

/// What hubs tell about the file on the answer that sends on to it.
const LINKED_ETAG: HeaderName = HeaderName::from_static("x-linked-etag");
const LINKED_SIZE: HeaderName = HeaderName::from_static("x-linked-size");
/// The header of a model is looked for when this much has come, and then at each fourfold of it.
const FIRST_LOOK: u64 = 1 << 18;
/// Beyond this the header is left to the end.
const LAST_LOOK: u64 = 1 << 28;
/// Stands for an unknown length: every length that a header could speak of lies below.
const UNKNOWN_LENGTH: u64 = u64::MAX >> 1;
/// Bytes after which the space is looked at again while nobody knows how much will come.
const SPACE_EVERY: u64 = 64 << 20;

/// Why an attempt did not end with a whole file.
#[derive(Debug)]
pub(super) enum Broke {
    /// Another attempt may go on from there.
    Again(Again),
    /// Another attempt would end the same way; what has come may be of use later.
    ForGood(Ended),
    /// So is what has come.
    Useless(String),
}

/// Why it is tried again.
#[derive(Debug)]
pub(super) struct Again {
    pub(super) says: String,
    /// How long the other side asks to wait.
    pub(super) asked_wait: Option<Duration>,
}

impl Broke {
    fn again(says: impl Into<String>) -> Self {
        Self::Again(Again {
            says: says.into(),
            asked_wait: None,
        })
    }

    fn failed(why: impl Into<String>) -> Self {
        Self::ForGood(Ended::Failed(why.into()))
    }
}

impl From<OutboundError> for Broke {
    fn from(error: OutboundError) -> Self {
        if error.may_pass() {
            Self::again(error.to_string())
        } else {
            Self::failed(error.to_string())
        }
    }
}

impl From<Ended> for Broke {
    fn from(ended: Ended) -> Self {
        Self::ForGood(ended)
    }
}

impl Pull {
    /// Asks for what is missing and takes it in. The digest that the whole should have, as far as anybody has said; `None` if
    /// the catalogue has it.
    pub(super) async fn attempt(
        &self,
        app: &App,
        part: &mut Part,
        is_repair: bool,
    ) -> Result<Option<Option<Sha256Digest>>, Broke> {
        let answer = tokio::select! {
            answer = self.ask(part) => answer?,
            () = self.arrival.stop.cancelled() => return Err(Ended::Stopped.into()),
        };
        let is_whole = self.prepare(part, &answer)?;
        let told = part.note.sha256;
        if let (Some(pinned), Some(told)) = (self.pinned, told)
            && pinned != told
        {
            return Err(Broke::Useless(format!(
                "{} says that the file has the SHA-256 {told}, and it should have {pinned}; check the address and the digest",
                answer.host
            )));
        }
        let expected = self.pinned.or(told);
        if !is_repair && self.is_known(app, expected).await? {
            return Ok(None);
        }
        if !is_whole {
            let missing = part.note.bytes.map_or(0, |total| total.saturating_sub(part.have()));
            file::check_space(&self.settings, missing).map_err(Broke::failed)?;
            self.receive(part, answer).await?;
        }
        Ok(Some(expected))
    }

    async fn ask(&self, part: &Part) -> Result<Answer, OutboundError> {
        let mut headers = HeaderMap::new();
        let etag = part
            .note
            .etag
            .as_ref()
            .and_then(|etag| HeaderValue::from_str(etag).ok());
        if let Some(etag) = etag.filter(|_| part.have() > 0) {
            headers.insert(
                RANGE,
                HeaderValue::from_str(&format!("bytes={}-", part.have()))
                    .unwrap_or(HeaderValue::from_static("bytes=0-")),
            );
            headers.insert(IF_RANGE, etag);
        }
        let get = Get {
            url: &self.url,
            headers,
            token: self.token.as_deref(),
            allowed: self.allowed,
        };
        self.settings.outbound.get(&get).await
    }

    /// Reads the answer's head and makes the part ready for its body. True if the part is whole already.
    fn prepare(&self, part: &mut Part, answer: &Answer) -> Result<bool, Broke> {
        let host = &answer.host;
        let new = note_of(&self.source, answer).map_err(Broke::Useless)?;
        match answer.status.as_u16() {
            200 => {
                if part.have() > 0 {
                    self.arrival.note(format!(
                        "{host} could not go on where the download had broken off, so it began anew."
                    ));
                }
                restart(part, new)?;
                Ok(false)
            }
            206 => {
                let range = text(&answer.headers, &CONTENT_RANGE).and_then(ContentRange::parse);
                let fits = matches!(range, Some(ContentRange::Part { first, total, .. })
                    if first == part.have() && (total.is_none() || part.note.bytes.is_none() || total == part.note.bytes))
                    && (new.sha256.is_none() || new.sha256 == part.note.sha256);
                if fits {
                    return Ok(false);
                }
                restart(part, Note::of(&self.source))?;
                Err(Broke::again(format!(
                    "{host} sends another part of the file than was asked for"
                )))
            }
            416 => {
                let range = text(&answer.headers, &CONTENT_RANGE).and_then(ContentRange::parse);
                let (have, promised) = (part.have(), part.note.bytes);
                match range {
                    Some(ContentRange::Unsatisfied { total })
                        if total == have && promised.is_none_or(|bytes| bytes == total) =>
                    {
                        Ok(true)
                    }
                    Some(ContentRange::Unsatisfied { total }) if promised.is_some_and(|bytes| bytes != total) => {
                        Err(Broke::Useless(lied(host, promised.unwrap_or_default(), total)))
                    }
                    _ => {
                        restart(part, Note::of(&self.source))?;
                        Err(Broke::again(format!("{host} has no more of the file than has come")))
                    }
                }
            }
            401 | 403 => Err(Broke::failed(format!(
                "{host} does not give this file to everybody ({}); accept its terms there, and pass your access token with --token-file",
                answer.status
            ))),
            404 | 410 => Err(Broke::failed(format!(
                "{host} has no such file ({}); check the address",
                answer.status
            ))),
            408 | 425 | 429 | 500..=599 => Err(Broke::Again(Again {
                says: format!("{host} cannot answer now ({})", answer.status),
                asked_wait: text(&answer.headers, &RETRY_AFTER)
                    .and_then(|seconds| seconds.trim().parse().ok())
                    .map(Duration::from_secs),
            })),
            _ => Err(Broke::failed(format!(
                "{host} answers {}, and no file; check the address",
                answer.status
            ))),
        }
    }

    /// Takes in the body, looking at the model's header as soon as it has come.
    async fn receive(&self, part: &mut Part, mut answer: Answer) -> Result<(), Broke> {
        let total = part.note.bytes;
        self.arrival.begin(ArrivalState::Fetching, part.have(), total);
        self.arrival.tell(|view| view.problem = None);
        // What was there has been looked at when it came; a header that had not come whole then is looked at at the end.
        let mut next_look = if part.have() == 0 { 4 } else { u64::MAX };
        let mut next_space = part.have() + SPACE_EVERY;
        let ended = loop {
            let piece = tokio::select! {
                piece = answer.piece() => piece,
                () = self.arrival.stop.cancelled() => break Err(Ended::Stopped.into()),
            };
            let piece = match piece {
                Ok(Some(piece)) => piece,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error.into()),
            };
            let have = part.have() + piece.len() as u64;
            if let Some(total) = total.filter(|total| have > *total) {
                return Err(Broke::Useless(lied(&answer.host, total, have)));
            }
            write(part, &piece)?;
            self.arrival.tell(|view| view.bytes_done = have);
            if have >= next_look {
                let is_known = self.look(part, &answer).await?;
                next_look = if is_known || have > LAST_LOOK {
                    u64::MAX
                } else {
                    have.saturating_mul(4).max(FIRST_LOOK)
                };
            }
            if total.is_none() && have >= next_space {
                file::check_space(&self.settings, 0).map_err(Broke::failed)?;
                next_space = have + SPACE_EVERY;
            }
        };
        part.sync().map_err(|error| file::cannot_write(part.path(), &error))?;
        match (ended, total) {
            (Ok(()), Some(total)) if part.have() < total => Err(Broke::again(format!(
                "{} broke off after {} of {}",
                answer.host,
                size(part.have()),
                size(total)
            ))),
            (ended, _) => ended,
        }
    }

    /// Looks at what has come: false while the header has not come whole.
    async fn look(&self, part: &Part, answer: &Answer) -> Result<bool, Broke> {
        let (path, length) = (part.path().to_owned(), part.note.bytes.unwrap_or(UNKNOWN_LENGTH));
        let (arrival, settings) = (self.arrival.clone(), self.settings.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let found = inspect_beginning(File::open(path)?, length)?;
            found.map(|found| file::judge(&found, &settings, &arrival)).transpose()
        });
        match looked.await {
            Ok(Ok(found)) => Ok(found.is_some()),
            Ok(Err(problem)) => Err(Broke::Useless(no_model(answer, &problem))),
            Err(error) => Err(Broke::failed(format!("something went wrong ({error})"))),
        }
    }
}

fn restart(part: &mut Part, note: Note) -> Result<(), Broke> {
    part.restart(note)
        .map_err(|error| file::cannot_write(part.path(), &error).into())
}

fn write(part: &mut Part, piece: &[u8]) -> Result<(), Broke> {
    part.write(piece).map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => {
            Broke::failed("the disk is full; free some space and run the same command again, it goes on from there")
        }
        _ => file::cannot_write(part.path(), &error).into(),
    })
}

/// What the heads of the answers on the way, and of the last one, tell about the file.
fn note_of(source: &str, answer: &Answer) -> Result<Note, String> {
    if let Some(encoding) =
        text(&answer.headers, &CONTENT_ENCODING).filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))
    {
        return Err(format!(
            "{} sends the file packed ({encoding}), although it was not asked to; use another address",
            answer.host
        ));
    }
    let length = number(&answer.headers, &CONTENT_LENGTH).filter(|_| answer.status == 200);
    let linked_size = answer
        .on_the_way
        .iter()
        .find_map(|headers| number(headers, &LINKED_SIZE));
    if let (Some(length), Some(linked)) = (length, linked_size)
        && length != linked
    {
        return Err(lied(&answer.host, linked, length));
    }
    let digest_in = |headers: &HeaderMap, name: &HeaderName| text(headers, name)?.trim_matches('"').parse().ok();
    let on_the_way = answer.on_the_way.iter();
    let sha256 = on_the_way
        .clone()
        .find_map(|headers| digest_in(headers, &LINKED_ETAG))
        .or_else(|| on_the_way.clone().find_map(|headers| digest_in(headers, &ETAG)))
        .or_else(|| digest_in(&answer.headers, &LINKED_ETAG));
    // A weak one promises the same meaning, not the same bytes.
    let etag = text(&answer.headers, &ETAG).filter(|etag| etag.starts_with('"'));
    let mut note = Note::of(source);
    note.etag = etag.map(ToOwned::to_owned);
    note.bytes = length.or(linked_size);
    note.sha256 = sha256;
    Ok(note)
}

fn lied(host: &str, promised: u64, sent: u64) -> String {
    format!(
        "{host} promised {promised} bytes and has {sent}, so what came was removed; try again, or use another address"
    )
}

/// What came instead of a model.
fn no_model(answer: &Answer, problem: &ModelFileProblem) -> String {
    let is_page = text(&answer.headers, &CONTENT_TYPE).is_some_and(|kind| kind.trim_start().starts_with("text/html"));
    match problem {
        ModelFileProblem::NotGguf if is_page => format!(
            "{} answers with a web page, not with a model; copy the address of its download button, which leads to the .gguf file itself",
            answer.host
        ),
        _ => format!("what {} sends {problem}", answer.host),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}
