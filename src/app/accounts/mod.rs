//! Workspaces, people, sessions, tokens and set-up links.
//!
//! Every secret (session, token, set-up link, visitor token) is 32 random bytes, shown once, stored as its SHA-256: a
//! stolen database opens no door. Passwords are stored as argon2id at OWASP's settings.

mod callers;
mod members;
mod password;
mod places;
mod secret;
mod sessions;
mod setup;
mod tokens;
mod workspaces;

pub use callers::{admin, caller_of_session, caller_of_token};
pub use members::{MemberView, NewMember, add_member, members};
pub use places::{Place, move_to, name_of_place, places};
pub use sessions::{Session, sign_in, sign_out};
pub use setup::{SetupLink, check_setup_link, create_setup_link, set_up};
pub use tokens::{NewToken, TokenWish, create_token, revoke_token};
pub use workspaces::{WorkspaceView, create_workspace, set_time_zone, workspaces};

pub(super) use places::callers;
pub(super) use secret::{new_secret, secret_hash};
