//! Workspaces, people, sessions, tokens and set-up links.
//!
//! Every secret (session, token, set-up link, visitor token) is 32 random bytes, shown once, stored as its SHA-256: a
//! stolen database opens no door. Passwords are stored as argon2id at OWASP's settings.

use super::caller::{Caller, Who};
use super::{App, AppError};
use crate::domain::account::{Role, Scope};
use crate::domain::ids::{MemberId, RandomSource, TokenId, UserId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::GateState;
use crate::domain::settings::WorkspaceSettings;
use crate::domain::text::{Email, Name, NewPassword};
use crate::domain::time::Timestamp;
use crate::store::entity::{member, session, setup_link, token, user, workspace};
use crate::store::{Change, Json, LogDraft};
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// How long a session lasts, in milliseconds.
const SESSION_MS: i64 = 30 * 24 * 3_600_000;
/// How long a set-up link lasts, in milliseconds.
const LINK_MS: i64 = 24 * 3_600_000;
/// OWASP's argon2id settings: 19 MiB, two passes, one lane.
const ARGON2: (u32, u32, u32) = (19_456, 2, 1);
/// Passwords hashed at the same time: each takes 19 MiB and a core.
static HASHING: Semaphore = Semaphore::const_new(2);
/// Compared with when the e-mail address is unknown, so that both answers take equally long.
static NOBODYS_HASH: LazyLock<Option<String>> = LazyLock::new(|| hash_now("nobody has this password").ok());

/// A workspace as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkspaceView {
    /// Its id.
    pub id: WorkspaceId,
    /// Its short name in addresses and on the command line.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Whether somebody can sign in to it.
    pub has_owner: bool,
}

/// A one-time link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetupLink {
    /// The secret part; shown once.
    pub token: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The cookie's value.
    #[serde(skip)]
    pub token: String,
    /// What a form or script sends along with every change.
    pub csrf_token: String,
    /// Until when it lasts.
    pub expires_at: Timestamp,
}

/// A new bearer token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    /// The secret; shown once.
    pub token: String,
}

/// What a program's token should be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenWish {
    /// What it is for.
    pub name: String,
    /// The member it acts as.
    pub email: String,
    /// What it may do, at most what the member may.
    pub scopes: Vec<Scope>,
}

/// A person to be added.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their password; may be left out for somebody who is known already.
    #[serde(default)]
    pub password: Option<String>,
    /// Their role.
    pub role: Role,
}

/// A member as people read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// Their id.
    pub id: MemberId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their role.
    pub role: Role,
}

/// A new secret with a prefix that tells what it is, and the hash to store.
pub(super) fn new_secret(random: &dyn RandomSource, prefix: &str) -> (String, Vec<u8>) {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
    let hash = secret_hash(&secret);
    (secret, hash)
}

/// The stored form of a secret.
pub(super) fn secret_hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

fn argon2() -> Result<Argon2<'static>, AppError> {
    let (memory, passes, lanes) = ARGON2;
    let params = Params::new(memory, passes, lanes, None).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, AppError> {
    let hash = argon2()?
        .hash_password(password.as_bytes())
        .map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(hash.to_string())
}

/// Runs password work on a blocking thread. The permit goes along: it is held until the work is done, even if the asker has gone.
async fn hashing<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    let permit = HASHING
        .acquire()
        .await
        .map_err(|error| AppError::Internal(error.to_string()))?;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    done.await.map_err(|error| AppError::Internal(error.to_string()))
}

async fn hash_password(password: NewPassword) -> Result<String, AppError> {
    hashing(move || hash_now(password.reveal())).await?
}

/// All workspaces of this machine. For the administrator.
///
/// # Errors
/// The store's.
pub async fn workspaces(app: &App) -> Result<Vec<WorkspaceView>, AppError> {
    let mut views = Vec::new();
    for row in app.store().workspaces().await? {
        let members = app.store().rows(row.id).members().await?;
        let has_owner = members.iter().any(|(member, _)| member.role == Role::Owner);
        views.push(WorkspaceView {
            id: row.id,
            slug: row.slug,
            name: row.name,
            has_owner,
        });
    }
    Ok(views)
}

/// Makes a workspace.
///
/// # Errors
/// [`AppError::Invalid`] for an unusable slug, [`AppError::Conflict`] if it exists.
pub async fn create_workspace(app: &App, slug: &str, name: &str) -> Result<WorkspaceId, AppError> {
    let usable = (1..=40).contains(&slug.len())
        && slug
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !slug.starts_with('-');
    if !usable {
        return Err(AppError::Invalid(
            "a workspace's short name has 1 to 40 small letters, digits and hyphens, for example: corner-bakery"
                .to_owned(),
        ));
    }
    let name: String = Name::parse(name)?.into();
    if crate::store::global::workspace_by_slug(app.store(), slug)
        .await?
        .is_some()
    {
        let sentence = format!("there is a workspace “{slug}” already; choose another short name");
        return Err(AppError::Conflict {
            sentence,
            extra: serde_json::json!({}),
        });
    }
    let (id, now, slug) = (WorkspaceId::new(&*app.sources().ids), app.now(), slug.to_owned());
    app.store()
        .write(id, move |tx| {
            let (slug, name) = (slug.clone(), name.clone());
            Box::pin(async move {
                let entry = LogDraft::new(EventKind::WorkspaceCreated, Actor::Admin).with("slug", slug.clone());
                let row = workspace::Model {
                    id,
                    slug,
                    name,
                    time_zone: "UTC".to_owned(),
                    gate: Json(GateState::Closed),
                    settings: Json(WorkspaceSettings::default()),
                    created_at: now,
                };
                tx.insert(row).await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(id)
}

/// Makes a one-time link with which a first or further owner signs up.
///
/// # Errors
/// The store's.
pub async fn create_setup_link(app: &App, caller: &Caller) -> Result<SetupLink, AppError> {
    caller.require(Scope::Admin)?;
    let (token, token_hash) = new_secret(&*app.sources().random, "hps_");
    let (now, actor) = (app.now(), caller.actor());
    let expires_at = now.plus_ms(LINK_MS);
    app.store()
        .write(caller.workspace_id, move |tx| {
            let token_hash = token_hash.clone();
            Box::pin(async move {
                let workspace_id = tx.workspace_id();
                tx.insert(setup_link::Model {
                    token_hash,
                    workspace_id,
                    created_at: now,
                    expires_at,
                    used_at: None,
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), LogDraft::new(EventKind::SetupLinkCreated, actor)))
            })
        })
        .await?;
    Ok(SetupLink { token, expires_at })
}

/// Checks a set-up link without using it.
///
/// # Errors
/// [`AppError::LinkUsed`] or [`AppError::LinkInvalid`].
pub async fn check_setup_link(app: &App, token: &str) -> Result<WorkspaceId, AppError> {
    let link = app
        .store()
        .setup_link(&secret_hash(token))
        .await?
        .ok_or(AppError::LinkInvalid)?;
    match link.used_at {
        Some(_) => Err(AppError::LinkUsed),
        None if link.expires_at <= app.now() => Err(AppError::LinkInvalid),
        None => Ok(link.workspace_id),
    }
}

/// Uses a set-up link: makes the owner and signs them in.
///
/// # Errors
/// [`AppError::LinkUsed`], [`AppError::LinkInvalid`], [`AppError::Text`], [`AppError::Conflict`] for a known address.
pub async fn set_up(app: &App, token: &str, name: &str, email: &str, password: String) -> Result<Session, AppError> {
    let workspace_id = check_setup_link(app, token).await?;
    let (name, email): (String, Email) = (Name::parse(name)?.into(), Email::parse(email)?);
    let password_hash = hash_password(NewPassword::parse(password)?).await?;
    let token_hash = secret_hash(token);
    let (user_id, member_id) = (UserId::new(&*app.sources().ids), MemberId::new(&*app.sources().ids));
    let (session, session_row) = new_session(app, user_id, workspace_id);
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            let (token_hash, name, email) = (token_hash.clone(), name.clone(), email.clone());
            let (password_hash, session_row) = (password_hash.clone(), session_row.clone());
            Box::pin(async move {
                if !tx.use_setup_link(&token_hash, now).await? {
                    return Err(AppError::LinkUsed);
                }
                if tx.find_user(email.as_str()).await?.is_some() {
                    let sentence = "there is an account with this address already; sign in instead".to_owned();
                    return Err(AppError::Conflict {
                        sentence,
                        extra: serde_json::json!({}),
                    });
                }
                let email = email.as_str().to_owned();
                tx.insert(user::Model {
                    id: user_id,
                    email,
                    name,
                    password_hash,
                    created_at: now,
                })
                .await?;
                let role = Role::Owner;
                tx.insert(member::Model {
                    id: member_id,
                    workspace_id,
                    user_id,
                    role,
                    created_at: now,
                })
                .await?;
                tx.insert(session_row).await?;
                let entry = LogDraft::new(EventKind::MemberJoined, Actor::Member(member_id))
                    .about("member", member_id)
                    .about("role", "owner");
                Ok(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(session)
}

fn new_session(app: &App, user_id: UserId, workspace_id: WorkspaceId) -> (Session, session::Model) {
    let (token, token_hash) = new_secret(&*app.sources().random, "");
    let (csrf_token, _) = new_secret(&*app.sources().random, "");
    let created_at = app.now();
    let expires_at = created_at.plus_ms(SESSION_MS);
    let row = session::Model {
        token_hash,
        user_id,
        workspace_id,
        csrf_token: csrf_token.clone(),
        created_at,
        expires_at,
    };
    (
        Session {
            token,
            csrf_token,
            expires_at,
        },
        row,
    )
}

/// Signs a person in, to the first workspace they belong to.
///
/// # Errors
/// [`AppError::WrongPassword`], whatever of the two was wrong.
pub async fn sign_in(app: &App, email: &str, password: String) -> Result<Session, AppError> {
    let user = match Email::parse(email) {
        Ok(email) => app.store().user_by_email(email.as_str()).await?,
        Err(_) => None,
    };
    let stored = user
        .as_ref()
        .map(|user| user.password_hash.clone())
        .or_else(|| NOBODYS_HASH.clone())
        .unwrap_or_default();
    let matches = hashing(move || {
        let (Ok(argon2), Ok(hash)) = (argon2(), PasswordHash::new(&stored)) else {
            return false;
        };
        argon2.verify_password(password.as_bytes(), &hash).is_ok()
    })
    .await?;
    let user = user.filter(|_| matches).ok_or(AppError::WrongPassword)?;
    let member = app
        .store()
        .memberships(user.id)
        .await?
        .into_iter()
        .next()
        .ok_or(AppError::WrongPassword)?;
    let (session, row) = new_session(app, user.id, member.workspace_id);
    app.store()
        .write(member.workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                tx.insert(row).await?;
                let entry =
                    LogDraft::new(EventKind::MemberSignedIn, Actor::Member(member.id)).about("member", member.id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(session)
}

/// Ends a session.
///
/// # Errors
/// The store's.
pub async fn sign_out(app: &App, token: &str) -> Result<(), AppError> {
    let hash = secret_hash(token);
    let Some(session) = app.store().session(&hash, app.now()).await? else {
        return Ok(());
    };
    app.store()
        .write(session.workspace_id, move |tx| {
            let hash = hash.clone();
            Box::pin(async move {
                tx.end_session(&hash).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Who a session cookie belongs to, and the token that their forms carry.
///
/// # Errors
/// The store's.
pub async fn caller_of_session(app: &App, token: &str) -> Result<Option<(Caller, String)>, AppError> {
    let Some(session) = app.store().session(&secret_hash(token), app.now()).await? else {
        return Ok(None);
    };
    let memberships = app.store().memberships(session.user_id).await?;
    let Some(member) = memberships
        .into_iter()
        .find(|member| member.workspace_id == session.workspace_id)
    else {
        return Ok(None);
    };
    let name = app
        .store()
        .user(session.user_id)
        .await?
        .map_or_else(String::new, |user| user.name);
    Ok(Some((caller_of_member(&member, name, None), session.csrf_token)))
}

fn caller_of_member(member: &member::Model, name: String, scopes: Option<&[Scope]>) -> Caller {
    let allowed = member.role.scopes();
    let scopes = match scopes {
        // A token never does more than its member, also after the member's role has shrunk.
        Some(scopes) => scopes.iter().copied().filter(|scope| allowed.contains(scope)).collect(),
        None => allowed.to_vec(),
    };
    Caller {
        workspace_id: member.workspace_id,
        who: Who::Member {
            id: member.id,
            name,
            role: member.role,
        },
        scopes,
    }
}

/// Who a bearer token acts as.
///
/// # Errors
/// The store's.
pub async fn caller_of_token(app: &App, bearer: &str) -> Result<Option<Caller>, AppError> {
    let Some(row) = app.store().token(&secret_hash(bearer)).await? else {
        return Ok(None);
    };
    let ended = row.revoked_at.is_some() || row.expires_at.is_some_and(|at| at <= app.now());
    let rows = app.store().rows(row.workspace_id);
    let Some(member) = rows.member(row.member_id).await?.filter(|_| !ended) else {
        return Ok(None);
    };
    let name = rows.member_name(member.id).await?.unwrap_or_default();
    Ok(Some(caller_of_member(&member, name, Some(&row.scopes.0))))
}

/// The administrator of the machine in a workspace, or acting as one of its members.
///
/// # Errors
/// [`AppError::NotFound`] for an unknown workspace or member, [`AppError::Invalid`] when the workspace must be named.
pub async fn admin(app: &App, slug: Option<&str>, member_email: Option<&str>) -> Result<Caller, AppError> {
    let mut workspaces = app.store().workspaces().await?;
    let workspace = match slug {
        Some(slug) => workspaces.into_iter().find(|workspace| workspace.slug == slug),
        None if workspaces.len() > 1 => {
            let slugs: Vec<String> = workspaces.into_iter().map(|workspace| workspace.slug).collect();
            return Err(AppError::Invalid(format!(
                "name the workspace with --workspace, one of: {}",
                slugs.join(", ")
            )));
        }
        None => workspaces.pop(),
    };
    let workspace = workspace.ok_or(AppError::NotFound("the workspace"))?;
    let Some(email) = member_email else {
        return Ok(Caller::admin(workspace.id));
    };
    let email = Email::parse(email)?;
    let members = app.store().rows(workspace.id).members().await?;
    let found = members.into_iter().find(|(_, user)| user.email == email.as_str());
    let (member, user) = found.ok_or(AppError::NotFound("a member with this address"))?;
    Ok(caller_of_member(&member, user.name, None))
}

/// The members of the workspace.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn members(app: &App, caller: &Caller) -> Result<Vec<MemberView>, AppError> {
    caller.require(Scope::Read)?;
    let members = app.store().rows(caller.workspace_id).members().await?;
    Ok(members
        .into_iter()
        .map(|(member, user)| MemberView {
            id: member.id,
            name: user.name,
            email: user.email,
            role: member.role,
        })
        .collect())
}

/// Adds a person to the workspace.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Text`], [`AppError::Conflict`] for a member.
pub async fn add_member(app: &App, caller: &Caller, new: NewMember) -> Result<MemberId, AppError> {
    caller.require(Scope::Admin)?;
    let (name, email): (String, Email) = (Name::parse(&new.name)?.into(), Email::parse(&new.email)?);
    let known = app.store().user_by_email(email.as_str()).await?;
    let password_hash = match (&known, new.password) {
        (Some(user), _) => user.password_hash.clone(),
        (None, Some(password)) => hash_password(NewPassword::parse(password)?).await?,
        (None, None) => return Err(AppError::Invalid("a new person needs a password".to_owned())),
    };
    let (user_id, member_id) = (UserId::new(&*app.sources().ids), MemberId::new(&*app.sources().ids));
    let (now, actor, role) = (app.now(), caller.actor(), new.role);
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (name, email, password_hash) = (name.clone(), email.as_str().to_owned(), password_hash.clone());
            Box::pin(async move {
                let user_id = match tx.find_user(&email).await? {
                    Some(user) => user.id,
                    None => {
                        tx.insert(user::Model {
                            id: user_id,
                            email,
                            name,
                            password_hash,
                            created_at: now,
                        })
                        .await?;
                        user_id
                    }
                };
                if tx.membership(user_id).await?.is_some() {
                    let sentence = "this person is a member of the workspace already".to_owned();
                    return Err(AppError::Conflict {
                        sentence,
                        extra: serde_json::json!({}),
                    });
                }
                let workspace_id = tx.workspace_id();
                tx.insert(member::Model {
                    id: member_id,
                    workspace_id,
                    user_id,
                    role,
                    created_at: now,
                })
                .await?;
                let entry = LogDraft::new(EventKind::MemberJoined, actor).about("member", member_id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(member_id)
}

/// Makes a bearer token that acts as a member.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] for an unknown member.
pub async fn create_token(app: &App, caller: &Caller, wish: &TokenWish) -> Result<NewToken, AppError> {
    caller.require(Scope::Admin)?;
    let (name, email): (String, Email) = (Name::parse(&wish.name)?.into(), Email::parse(&wish.email)?);
    let members = app.store().rows(caller.workspace_id).members().await?;
    let found = members.into_iter().find(|(_, user)| user.email == email.as_str());
    let (member, _) = found.ok_or(AppError::NotFound("a member with this address"))?;
    let (token, token_hash) = new_secret(&*app.sources().random, "hp_");
    let (id, now, actor, scopes) = (
        TokenId::new(&*app.sources().ids),
        app.now(),
        caller.actor(),
        wish.scopes.clone(),
    );
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (name, token_hash, scopes) = (name.clone(), token_hash.clone(), scopes.clone());
            Box::pin(async move {
                let row = token::Model {
                    id,
                    workspace_id: tx.workspace_id(),
                    member_id: member.id,
                    name,
                    token_hash,
                    scopes: Json(scopes),
                    created_at: now,
                    expires_at: None,
                    revoked_at: None,
                };
                tx.insert(row).await?;
                let entry = LogDraft::new(EventKind::TokenCreated, actor)
                    .about("token", id)
                    .about("member", member.id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(NewToken { id, token })
}

/// Ends a token.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn revoke_token(app: &App, caller: &Caller, id: TokenId) -> Result<(), AppError> {
    caller.require(Scope::Admin)?;
    let (now, actor) = (app.now(), caller.actor());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.token_row(id).await?.ok_or(AppError::NotFound("the token"))?;
                if row.revoked_at.is_some() {
                    return Ok(Change::Unlogged(()));
                }
                tx.update(token::Model {
                    revoked_at: Some(now),
                    ..row
                })
                .await?;
                Ok::<_, AppError>(Change::Logged(
                    (),
                    LogDraft::new(EventKind::TokenRevoked, actor).about("token", id),
                ))
            })
        })
        .await
}
