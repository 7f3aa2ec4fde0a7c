//! The pages of the owner's own site, as its sitemap lists them.

mod read;

use super::import::{Import, import};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::outbound::{Allowed, Get, Outbound, OutboundError, check, parse_url, shown};
use bytes::BytesMut;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use read::{Listed, listed};
use reqwest::Url;
use serde::Serialize;
use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

/// Pages that are read of one site.
const MOST_PAGES: usize = 1_000;
/// Sitemaps that a sitemap may name.
const MOST_SITEMAPS: usize = 50;
/// Largest sitemap, in bytes.
const SITEMAP_BYTES: usize = 10 << 20;
/// Largest page, in bytes.
const PAGE_BYTES: usize = 5 << 20;
/// How long one page may take.
const PAGE_WITHIN: Duration = Duration::from_secs(30);
/// How long all of them may take.
const ALL_WITHIN: Duration = Duration::from_mins(20);
/// Addresses that are named in the report.
const NAMED: usize = 200;

/// A site to import.
#[derive(Debug, Clone, Default)]
pub struct Sitemap {
    /// The sitemap's address.
    pub url: String,
    /// As in [`Import`], for every page.
    pub collection: String,
    /// As in [`Import`], for every page.
    pub owner: Option<String>,
    /// As in [`Import`], for every page.
    pub expires: Option<String>,
    /// Only say what would change.
    pub dry_run: bool,
}

/// An address that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotImported {
    /// The address.
    pub address: String,
    /// Why, as a sentence.
    pub why: String,
}

/// What the import of a site did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SitemapReport {
    /// Pages that were read.
    pub pages: usize,
    /// As in an import's report, of all pages together.
    pub added: usize,
    /// As in an import's report, of all pages together.
    pub changed: usize,
    /// As in an import's report, of all pages together.
    pub unchanged: usize,
    /// As in an import's report, of all pages together.
    pub removed: usize,
    /// Pages that could not be imported, at most two hundred of them.
    pub failed: Vec<NotImported>,
    /// Addresses that were left alone, at most two hundred of them.
    pub left_out: Vec<NotImported>,
    /// Nothing was written.
    pub dry_run: bool,
}

/// Reads the pages that a sitemap names, those of its own site alone, one after the other, and imports each as a source under its address.
///
/// # Errors
/// [`AppError::Invalid`] where the sitemap itself cannot be read; a page that cannot stands in the report.
pub async fn import_sitemap(app: &App, caller: &Caller, sitemap: Sitemap) -> Result<SitemapReport, AppError> {
    caller.require(Scope::Knowledge)?;
    let mut site = Site::of(app, &sitemap.url)?;
    let mut report = SitemapReport {
        dry_run: sitemap.dry_run,
        ..SitemapReport::default()
    };
    let pages = site.pages(&mut report.left_out).await?;
    for page in pages {
        if site.begun.elapsed() > ALL_WITHIN {
            name(
                &mut report.failed,
                &page,
                "there was no time left; import the sitemap again to go on",
            );
            continue;
        }
        let bytes = match site.page(&page).await {
            Ok(bytes) => bytes,
            Err(why) => {
                name(&mut report.failed, &page, &why);
                continue;
            }
        };
        let one = Import {
            name: page.to_string(),
            collection: sitemap.collection.clone(),
            format: Some("html".to_owned()),
            bytes,
            owner: sitemap.owner.clone(),
            expires: sitemap.expires.clone(),
            dry_run: sitemap.dry_run,
        };
        match import(app, caller, one).await {
            Ok(done) => {
                report.pages += 1;
                report.added += done.added;
                report.changed += done.changed;
                report.unchanged += done.unchanged;
                report.removed += done.removed;
            }
            Err(AppError::Invalid(why)) => name(&mut report.failed, &page, &why),
            Err(AppError::Text(why)) => name(&mut report.failed, &page, &why.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(report)
}

fn name(list: &mut Vec<NotImported>, address: &Url, why: &str) {
    if list.len() < NAMED {
        list.push(NotImported {
            address: shown(address),
            why: why.to_owned(),
        });
    }
}

/// The site that is read.
struct Site {
    outbound: Outbound,
    sitemap: Url,
    allowed: Allowed,
    begun: Instant,
}

impl Site {
    fn of(app: &App, url: &str) -> Result<Self, AppError> {
        let invalid = |error: OutboundError| AppError::Invalid(error.to_string());
        let sitemap = parse_url(url).map_err(invalid)?;
        let Some(courier) = app.courier() else {
            return Err(AppError::Invalid(
                "this Holdpoint fetches nothing from other machines".to_owned(),
            ));
        };
        let host = sitemap.host_str().unwrap_or_default();
        let allowed = Allowed {
            // It was written so, and what is read is public.
            http: true,
            // Inside of this machine and its network only where the machine's owner lets webhooks go, too.
            internal: courier.allowed(host, sitemap.port_or_known_default()).internal,
        };
        check(&sitemap, allowed).map_err(invalid)?;
        let outbound = if allowed.internal {
            courier.outbound.clone()
        } else {
            courier.outbound.without_proxies()
        };
        Ok(Self {
            outbound,
            sitemap,
            allowed,
            begun: Instant::now(),
        })
    }

    /// The addresses that the sitemap names, those that it names by way of other sitemaps too: each once, and of this site.
    async fn pages(&mut self, left_out: &mut Vec<NotImported>) -> Result<Vec<Url>, AppError> {
        let mut waiting = VecDeque::from([self.sitemap.clone()]);
        let mut known = HashSet::from([self.sitemap.clone()]);
        let (mut pages, mut sitemaps) = (Vec::new(), 0);
        while let Some(address) = waiting.pop_front() {
            sitemaps += 1;
            let read = match self.fetch(&address, SITEMAP_BYTES, "application/xml, text/xml").await {
                Ok((bytes, _)) => listed(&bytes),
                Err(why) => Err(why),
            };
            let entries = match read {
                Ok(entries) => entries,
                Err(why) if address == self.sitemap => {
                    return Err(AppError::Invalid(format!("the sitemap cannot be read: {why}")));
                }
                Err(why) => {
                    name(left_out, &address, &why);
                    continue;
                }
            };
            for entry in entries {
                let (text, is_sitemap) = match &entry {
                    Listed::Page(text) => (text, false),
                    Listed::Sitemap(text) => (text, true),
                };
                let Ok(mut url) = address.join(text) else { continue };
                url.set_fragment(None);
                if url.origin() != self.sitemap.origin() {
                    name(left_out, &url, "it is of another site");
                } else if known.insert(url.clone()) {
                    let (list_is_full, list) = if is_sitemap {
                        (sitemaps + waiting.len() >= MOST_SITEMAPS, None)
                    } else {
                        (pages.len() >= MOST_PAGES, Some(&mut pages))
                    };
                    match list {
                        _ if list_is_full => name(
                            left_out,
                            &url,
                            "there are too many; at most 1 000 pages are read at once",
                        ),
                        Some(pages) => pages.push(url),
                        None => waiting.push_back(url),
                    }
                }
            }
        }
        Ok(pages)
    }

    async fn page(&self, address: &Url) -> Result<Vec<u8>, String> {
        let (bytes, kind) = self.fetch(address, PAGE_BYTES, "text/html").await?;
        if kind.contains("html") || kind.is_empty() {
            Ok(bytes)
        } else {
            Err(format!("it is no page but {kind}"))
        }
    }

    /// The body of an answer, and what it says it is.
    async fn fetch(&self, address: &Url, most: usize, accept: &'static str) -> Result<(Vec<u8>, String), String> {
        let get = Get {
            url: address,
            headers: HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]),
            token: None,
            allowed: self.allowed,
        };
        let fetching = async {
            let mut answer = self.outbound.get(&get).await.map_err(said)?;
            if answer.url.origin() != self.sitemap.origin() {
                return Err("it leads to another site".to_owned());
            }
            if !answer.status.is_success() {
                return Err(format!("the site answered {}", answer.status));
            }
            let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default();
            let kind = kind.trim().to_ascii_lowercase();
            let mut body = BytesMut::new();
            while let Some(piece) = answer.piece().await.map_err(said)? {
                if body.len() + piece.len() > most {
                    return Err(format!("it has more than {} MB", most >> 20));
                }
                body.extend_from_slice(&piece);
            }
            Ok((Vec::from(body), kind))
        };
        match tokio::time::timeout(PAGE_WITHIN, fetching).await {
            Ok(fetched) => fetched,
            Err(_elapsed) => Err(format!("it took longer than {} s", PAGE_WITHIN.as_secs())),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn said(error: OutboundError) -> String {
    error.to_string()
}
