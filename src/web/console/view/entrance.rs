//! The pages outside the shell: set-up, login, and what is shown when something is wrong.

use askama::Template;

/// First start: the link's holder becomes the owner. Posts to `/setup`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/setup.html")]
pub struct SetupPage {
    /// The one-time token of the link.
    pub token: String,
    /// What was typed, after a refusal.
    pub name: String,
    /// What was typed, after a refusal.
    pub email: String,
    /// Why the last try was refused, one sentence.
    pub problem: Option<String>,
    /// Shortest password accepted, in characters.
    pub password_min_chars: usize,
}

/// Sign in. Posts to `/login`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/login.html")]
pub struct LoginPage {
    /// What was typed, after a refusal.
    pub email: String,
    /// Path to go to afterwards; must already be checked to be one of ours.
    pub next: String,
    /// Why the last try was refused, one sentence.
    pub problem: Option<String>,
}

/// Any page that cannot be shown.
#[derive(Clone, Debug, Template)]
#[template(path = "console/problem.html")]
pub struct ProblemPage {
    /// HTTP status, shown small.
    pub status: u16,
    /// What happened, a few words: `There is no such page`.
    pub title: String,
    /// One sentence that says what to do next.
    pub detail: String,
    /// Where the button leads.
    pub action_href: String,
    /// What the button says.
    pub action_label: String,
    /// To quote when asking for help; empty hides the line.
    pub request_id: String,
}

impl ProblemPage {
    /// The page for `status`, in the console's own words. `detail` replaces the default sentence where the caller knows
    /// better what to do.
    pub fn for_status(status: u16, detail: Option<String>, request_id: String) -> Self {
        let (title, default_detail, href, label) = match status {
            401 => ("You are not signed in", "Sign in to go on.", "/login", "Sign in"),
            403 => (
                "You may not open this",
                "Ask the owner of the workspace to give you a role that includes it.",
                "/queue",
                "Go to the queue",
            ),
            404 => (
                "There is nothing here",
                "It may have been removed, or the address has a mistake in it; the queue shows what waits for you.",
                "/queue",
                "Go to the queue",
            ),
            409 => (
                "Somebody was faster",
                "Go back and reload to see how it stands now; nothing was changed.",
                "/queue",
                "Go to the queue",
            ),
            410 => (
                "This link has been used up",
                "Ask the administrator of the machine for a new one: holdpoint admin setup-link.",
                "/login",
                "Sign in",
            ),
            429 => (
                "Too many at once",
                "Wait a minute, then try again.",
                "/queue",
                "Go to the queue",
            ),
            503 => (
                "Not available right now",
                "Nothing was lost; try again in a moment.",
                "/queue",
                "Try the queue",
            ),
            400..500 => (
                "This could not be read",
                "The address or the form has a mistake in it; go back and try again.",
                "/queue",
                "Go to the queue",
            ),
            _ => (
                "Something went wrong on our side",
                "Nothing was lost; try again, and if it stays, look for the request id in the server's log.",
                "/queue",
                "Try the queue",
            ),
        };
        Self {
            status,
            title: title.to_owned(),
            detail: detail.unwrap_or_else(|| default_detail.to_owned()),
            action_href: href.to_owned(),
            action_label: label.to_owned(),
            request_id,
        }
    }
}
