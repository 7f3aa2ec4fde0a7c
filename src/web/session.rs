//! The session cookie and what comes with it.

use super::error::Problem;
use super::state::Web;
use crate::app::{Caller, accounts};
use axum_extra::extract::cookie::CookieJar;
use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq as _;

/// The header in which a page repeats its session's token with every change.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The header in which a page names the workspace that it belongs to, by its id, with everything it asks for.
pub const PAGE_HEADER: &str = "holdpoint-page";
/// The same behind the `?`, for streams, which have no headers of their own.
const PAGE_QUERY: &str = "page=";

/// Somebody who is signed in with a browser.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who they are.
    pub caller: Caller,
    /// What their pages must send along with every change: as [`CSRF_HEADER`] or as a form's field `csrf_token`.
    pub csrf_token: String,
}

impl SignedIn {
    /// The session behind a request's cookie, if there is one that has not ended.
    ///
    /// # Errors
    /// What the store reports.
    pub async fn of(web: &Web, headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(token) = token_of(web, headers) else {
            return Ok(None);
        };
        let found = accounts::caller_of_session(&web.app, &token).await?;
        let Some((caller, csrf_token)) = found else {
            return Ok(None);
        };
        let signed_in = Self { caller, csrf_token };
        let page = headers.get(PAGE_HEADER).and_then(|id| id.to_str().ok());
        signed_in.check_page(web, page).await?;
        Ok(Some(signed_in))
    }

    /// Refuses what a page asks for that was opened in another workspace than the one the person is in now: it would be done there.
    async fn check_page(&self, web: &Web, shown: Option<&str>) -> Result<(), Problem> {
        let here = self.caller.workspace_id;
        let Some(shown) = shown.filter(|shown| *shown != here.to_string()) else {
            return Ok(());
        };
        let there = match shown.parse() {
            Ok(id) => accounts::name_of_place(&web.app, &self.caller, id).await?,
            Err(_not_an_id) => None,
        };
        let there = there.map_or_else(|| "another workspace".to_owned(), |name| format!("“{name}”"));
        let here_name = accounts::name_of_place(&web.app, &self.caller, here)
            .await?
            .unwrap_or_default();
        Err(Problem::moved(format!(
            "This page belongs to {there}, and you are in “{here_name}” now. Nothing was done; reload the page to go on."
        ))
        .with("workspace_id", here.to_string()))
    }

    /// The same for what a stream names behind its `?`.
    ///
    /// # Errors
    /// 409.
    pub async fn check_stream(&self, web: &Web, query: Option<&str>) -> Result<(), Problem> {
        let mut named = query.into_iter().flat_map(|query| query.split('&'));
        let page = named.find_map(|pair| pair.strip_prefix(PAGE_QUERY));
        self.check_page(web, page).await
    }

    /// Refuses a change that does not show the session's token.
    ///
    /// # Errors
    /// 403.
    pub fn check_csrf(&self, shown: Option<&str>) -> Result<(), Problem> {
        let same = shown.is_some_and(|shown| shown.as_bytes().ct_eq(self.csrf_token.as_bytes()).into());
        if same {
            Ok(())
        } else {
            Err(Problem::forbidden("This page is out of date; reload it and try again."))
        }
    }
}

/// The session's token in a request's cookie.
pub fn token_of(web: &Web, headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers)
        .get(cookie_name(web))
        .map(|cookie| cookie.value().to_owned())
}

/// The header `Set-Cookie` that signs a browser in.
pub fn cookie(web: &Web, session: &accounts::Session) -> Option<HeaderValue> {
    set_cookie(web, &session.token, session.expires_at.ms_since(web.app.now()) / 1_000)
}

/// The header `Set-Cookie` that signs a browser out.
pub fn no_cookie(web: &Web) -> Option<HeaderValue> {
    set_cookie(web, "", 0)
}

/// Browsers accept the `__Host-` prefix only with `Secure`, and then only from this host.
fn cookie_name(web: &Web) -> &'static str {
    if web.is_https() {
        "__Host-holdpoint"
    } else {
        "holdpoint"
    }
}

fn set_cookie(web: &Web, value: &str, lasts_s: i64) -> Option<HeaderValue> {
    let (name, secure) = (cookie_name(web), if web.is_https() { "; Secure" } else { "" });
    // `Lax`, so that a link in an e-mail opens the console signed in; changes need the CSRF token besides.
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={lasts_s}{secure}");
    HeaderValue::from_str(&cookie).ok()
}
