//! The pages of the owner's own site, as its sitemap lists them.

mod read;

use super::import::{Import, ImportReport, import};
use crate::app::webhooks::in_words;
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::outbound::{Allowed, Get, Outbound, OutboundError, check, parse_url, shown};
use bytes::BytesMut;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use read::{Listed, listed};
use reqwest::Url;
use serde::Serialize;
use std::collections::{HashSet, VecDeque};
use std::time::Duration;

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
/// Addresses that are named in the report.
const NAMED: usize = 200;

/// A page to import.
#[derive(Debug, Clone, Default)]
pub struct SitePage {
    /// Its address, which is the name of the source.
    pub url: String,
    /// As in [`Import`].
    pub collection: String,
    /// As in [`Import`].
    pub owner: Option<String>,
    /// As in [`Import`].
    pub expires: Option<String>,
    /// As in [`Import`].
    pub run: Option<String>,
    /// As in [`Import`].
    pub overwrite_corrections: bool,
    /// Only say what would change.
    pub dry_run: bool,
}

/// An address that is not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotImported {
    /// The address.
    pub address: String,
    /// Why, as a sentence.
    pub why: String,
}

/// The pages of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SitePages {
    /// Their addresses, each once, in the order of the sitemap.
    pub pages: Vec<String>,
    /// Addresses that were left alone, at most two hundred of them.
    pub left_out: Vec<NotImported>,
}

/// The pages that a sitemap names, those of its own site alone. A page is named by itself.
///
/// # Errors
/// [`AppError::Invalid`] where the sitemap itself cannot be read, or [`AppError::Forbidden`].
pub async fn site_pages(app: &App, caller: &Caller, url: &str) -> Result<SitePages, AppError> {
    caller.require(Scope::Knowledge)?;
    let site = Site::of(app, url)?;
    let mut left_out = Vec::new();
    let pages = site.pages(&mut left_out).await?;
    Ok(SitePages {
        pages: pages.iter().map(Url::to_string).collect(),
        left_out,
    })
}

/// Reads a page and imports it as a source under its address.
///
/// # Errors
/// [`AppError::Invalid`] for a page that cannot be read, else as [`import`].
pub async fn import_page(app: &App, caller: &Caller, page: SitePage) -> Result<ImportReport, AppError> {
    caller.require(Scope::Knowledge)?;
    let site = Site::of(app, &page.url)?;
    let bytes = site.page(&site.address).await.map_err(AppError::Invalid)?;
    let mut address = site.address;
    address.set_fragment(None);
    let file = Import {
        name: address.to_string(),
        collection: page.collection,
        format: Some("html".to_owned()),
        bytes,
        owner: page.owner,
        expires: page.expires,
        run: page.run,
        overwrite_corrections: page.overwrite_corrections,
        dry_run: page.dry_run,
    };
    import(app, caller, file).await
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
    address: Url,
    allowed: Allowed,
}

impl Site {
    fn of(app: &App, url: &str) -> Result<Self, AppError> {
        let invalid = |error: OutboundError| AppError::Invalid(in_words(&error));
        let address = parse_url(url).map_err(invalid)?;
        let Some(courier) = app.courier() else {
            return Err(AppError::Invalid(
                "this Holdpoint fetches nothing from other machines; save the pages and import the files".to_owned(),
            ));
        };
        let host = address.host_str().unwrap_or_default();
        let allowed = Allowed {
            // It was written so, and what is read is public.
            http: true,
            // Inside of this machine and its network only where the machine's owner lets webhooks go, too.
            internal: courier.allowed(host, address.port_or_known_default()).internal,
        };
        check(&address, allowed).map_err(invalid)?;
        let outbound = if allowed.internal {
            courier.outbound.clone()
        } else {
            courier.outbound.without_proxies()
        };
        Ok(Self {
            outbound,
            address,
            allowed,
        })
    }

    /// The addresses that the sitemap names, those that it names by way of other sitemaps too: each once, and of this site.
    async fn pages(&self, left_out: &mut Vec<NotImported>) -> Result<Vec<Url>, AppError> {
        let mut waiting = VecDeque::from([self.address.clone()]);
        let mut known = HashSet::from([self.address.clone()]);
        let (mut pages, mut sitemaps) = (Vec::new(), 0);
        while let Some(address) = waiting.pop_front() {
            sitemaps += 1;
            let read = match self.fetch(&address, SITEMAP_BYTES, "application/xml, text/xml").await {
                Ok((_, kind)) if kind.contains("html") && address == self.address => return Ok(vec![address]),
                Ok((bytes, _)) => listed(&bytes),
                Err(why) => Err(why),
            };
            let entries = match read {
                Ok(entries) => entries,
                Err(why) if address == self.address => {
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
                if url.origin() != self.address.origin() {
                    name(
                        left_out,
                        &url,
                        "it is of another site; import that one by its own sitemap",
                    );
                } else if !known.contains(&url) {
                    // What finds no place is not kept in mind either: a site may name millions.
                    if is_sitemap && sitemaps + waiting.len() < MOST_SITEMAPS {
                        known.insert(url.clone());
                        waiting.push_back(url);
                    } else if !is_sitemap && pages.len() < MOST_PAGES {
                        known.insert(url.clone());
                        pages.push(url);
                    } else {
                        name(
                            left_out,
                            &url,
                            if is_sitemap {
                                "there are too many sitemaps; at most 50 are read"
                            } else {
                                "there are too many; at most 1 000 pages are listed"
                            },
                        );
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
            Err(format!(
                "it is no page but {kind}; save it and import the file, if it is of a kind that can be read"
            ))
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
            let mut answer = self.outbound.get(&get).await.map_err(|error| in_words(&error))?;
            if answer.url.origin() != self.address.origin() {
                return Err("it leads to another site; name its address there".to_owned());
            }
            if !answer.status.is_success() {
                return Err(format!(
                    "the site answered {}; look whether a browser can open it",
                    answer.status
                ));
            }
            let packed = answer
                .headers
                .get(CONTENT_ENCODING)
                .filter(|packed| *packed != "identity");
            if let Some(packed) = packed {
                return Err(format!(
                    "the site sends it packed ({}), although it was asked not to; save the page in a browser and import the file",
                    packed.to_str().unwrap_or("in a way that cannot be told")
                ));
            }
            let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default();
            let kind = kind.trim().to_ascii_lowercase();
            let mut body = BytesMut::new();
            while let Some(piece) = answer.piece().await.map_err(|error| in_words(&error))? {
                if body.len() + piece.len() > most {
                    return Err(format!(
                        "it has more than {} MB; save what is needed of it and import the file",
                        most >> 20
                    ));
                }
                body.extend_from_slice(&piece);
            }
            Ok((Vec::from(body), kind))
        };
        match tokio::time::timeout(PAGE_WITHIN, fetching).await {
            Ok(fetched) => fetched,
            Err(_elapsed) => Err(format!(
                "it took longer than {} s; try it again later",
                PAGE_WITHIN.as_secs()
            )),
        }
    }
}
