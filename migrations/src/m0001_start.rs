//! The first schema.

use crate::dialect;
use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_start"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::execute(manager, TABLES).await?;
        dialect::execute_one_of(manager, SEARCH_SQLITE, SEARCH_POSTGRES).await
    }

    // On SQLite sea-orm runs migrations outside of a transaction unless told otherwise.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const TABLES: &str = r"
CREATE TABLE workspaces (
    id {uuid} PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    gate TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at {int} NOT NULL
) {strict};

CREATE TABLE users (
    id {uuid} PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at {int} NOT NULL
) {strict};

CREATE TABLE members (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    user_id {uuid} NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'reviewer')),
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, user_id)
) {strict};

CREATE TABLE setup_links (
    token_hash {bytes} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    used_at {int}
) {strict};

CREATE TABLE sessions (
    token_hash {bytes} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id),
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    csrf_token TEXT NOT NULL,
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL
) {strict};

CREATE TABLE tokens (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    member_id {uuid} NOT NULL,
    name TEXT NOT NULL,
    token_hash {bytes} NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at {int} NOT NULL,
    expires_at {int},
    revoked_at {int},
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};

CREATE TABLE agents (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    public_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version_id {uuid},
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id)
) {strict};

CREATE TABLE agent_versions (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    agent_id {uuid} NOT NULL,
    number {int} NOT NULL,
    settings TEXT NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (agent_id, number),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id)
) {strict};

CREATE TABLE visitors (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    token_hash {bytes} NOT NULL UNIQUE,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id)
) {strict};

CREATE TABLE conversations (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    agent_id {uuid} NOT NULL,
    visitor_id {uuid} NOT NULL,
    owner TEXT NOT NULL CHECK (owner IN ('ai', 'person', 'nobody')),
    owner_member_id {uuid},
    epoch {int} NOT NULL,
    last_seq {int} NOT NULL,
    delivered_seq {int} NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK ((owner = 'person') = (owner_member_id IS NOT NULL)),
    CHECK (delivered_seq <= last_seq),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id),
    FOREIGN KEY (workspace_id, visitor_id) REFERENCES visitors (workspace_id, id),
    FOREIGN KEY (workspace_id, owner_member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX conversations_by_update ON conversations (workspace_id, updated_at, id);
CREATE INDEX conversations_by_visitor ON conversations (visitor_id);

CREATE TABLE turns (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    number {int} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('collecting', 'held', 'waiting', 'answered')),
    revision {int} NOT NULL CHECK (revision >= 1),
    opened_at {int} NOT NULL,
    burst_at {int} NOT NULL,
    last_message_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (conversation_id, number),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};
CREATE UNIQUE INDEX one_unanswered_turn ON turns (conversation_id) WHERE state <> 'answered';

CREATE TABLE drafts (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    turn_id {uuid} NOT NULL,
    revision {int} NOT NULL,
    epoch {int} NOT NULL,
    agent_version_id {uuid} NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('verified', 'quote', 'compose', 'abstain')),
    question TEXT NOT NULL,
    body TEXT NOT NULL,
    sources TEXT NOT NULL,
    signals TEXT NOT NULL,
    drafted_in_ms {int} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK ((mode = 'abstain') = (body = '')),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, agent_version_id) REFERENCES agent_versions (workspace_id, id)
) {strict};
CREATE INDEX drafts_by_turn ON drafts (turn_id);

CREATE TABLE decisions (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    draft_id {uuid} NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('send', 'hold', 'hand_off', 'refuse')),
    reasons TEXT NOT NULL,
    policy_version {int} NOT NULL,
    gate TEXT NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id)
) {strict};

CREATE TABLE review_items (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    turn_id {uuid} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('gate', 'handoff')),
    state TEXT NOT NULL CHECK (state IN ('open', 'pending', 'closed')),
    revision {int} NOT NULL,
    draft_id {uuid},
    reasons TEXT NOT NULL,
    waiting_since {int} NOT NULL,
    deadline_at {int} NOT NULL,
    leased_by {uuid},
    leased_until {int},
    created_at {int} NOT NULL,
    closed_at {int},
    UNIQUE (workspace_id, id),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((leased_by IS NULL) = (leased_until IS NULL)),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id),
    FOREIGN KEY (workspace_id, leased_by) REFERENCES members (workspace_id, id)
) {strict};
CREATE UNIQUE INDEX one_open_item ON review_items (conversation_id) WHERE state <> 'closed';
CREATE INDEX review_items_by_conversation ON review_items (workspace_id, conversation_id, id);
CREATE INDEX review_items_by_closing ON review_items (workspace_id, closed_at);
CREATE INDEX review_items_waiting ON review_items (workspace_id, state, waiting_since, id);

CREATE TABLE outcomes (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    item_id {uuid} NOT NULL,
    draft_id {uuid},
    kind TEXT NOT NULL CHECK (kind IN ('approve', 'edit', 'reject', 'respond', 'take_over', 'supersede', 'expire')),
    state TEXT NOT NULL CHECK (state IN ('pending', 'final', 'cancelled')),
    member_id {uuid},
    body TEXT,
    remember {bool} NOT NULL,
    verdict TEXT CHECK (verdict IN ('acceptable', 'bad', 'cannot_judge')),
    reasons TEXT NOT NULL,
    note TEXT,
    created_at {int} NOT NULL,
    final_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK ((kind IN ('supersede', 'expire')) = (member_id IS NULL)),
    CHECK ((kind IN ('approve', 'edit', 'respond')) = (body IS NOT NULL)),
    FOREIGN KEY (workspace_id, item_id) REFERENCES review_items (workspace_id, id),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX outcomes_by_item ON outcomes (item_id);
CREATE INDEX outcomes_by_member ON outcomes (member_id, id);
CREATE UNIQUE INDEX one_final_outcome ON outcomes (item_id) WHERE state = 'final';
CREATE UNIQUE INDEX one_pending_outcome ON outcomes (item_id) WHERE state = 'pending';

CREATE TABLE verdicts (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    draft_id {uuid} NOT NULL,
    outcome_id {uuid} NOT NULL UNIQUE,
    label TEXT NOT NULL CHECK (label IN ('acceptable', 'bad', 'cannot_judge')),
    reasons TEXT NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id),
    FOREIGN KEY (workspace_id, outcome_id) REFERENCES outcomes (workspace_id, id)
) {strict};

CREATE TABLE releases (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    draft_id {uuid} NOT NULL UNIQUE,
    decision_id {uuid} UNIQUE,
    outcome_id {uuid} UNIQUE,
    epoch {int} NOT NULL,
    salt {bytes} NOT NULL,
    text_digest {bytes} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK ((decision_id IS NULL) <> (outcome_id IS NULL)),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id),
    FOREIGN KEY (workspace_id, decision_id) REFERENCES decisions (workspace_id, id),
    FOREIGN KEY (workspace_id, outcome_id) REFERENCES outcomes (workspace_id, id)
) {strict};

CREATE TABLE messages (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    turn_id {uuid},
    seq {int} NOT NULL CHECK (seq >= 1),
    author TEXT NOT NULL CHECK (author IN ('visitor', 'ai', 'person', 'system')),
    member_id {uuid},
    body TEXT NOT NULL CHECK (body <> ''),
    client_id TEXT,
    release_id {uuid} UNIQUE,
    epoch {int} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (conversation_id, seq),
    UNIQUE (conversation_id, client_id),
    CHECK ((author = 'ai') = (release_id IS NOT NULL)),
    CHECK ((author = 'person') = (member_id IS NOT NULL)),
    CHECK (author <> 'visitor' OR client_id IS NOT NULL),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, release_id) REFERENCES releases (workspace_id, id)
) {strict};
CREATE INDEX messages_by_turn ON messages (turn_id, seq);

CREATE TABLE documents (
    number {serial} PRIMARY KEY,
    id {uuid} NOT NULL UNIQUE,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    collection TEXT NOT NULL,
    external_id TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('faq', 'section')),
    source TEXT NOT NULL,
    anchor TEXT NOT NULL,
    position {int} NOT NULL,
    content_hash {bytes} NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL,
    removed_at {int},
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, collection, source, external_id)
) {strict};

CREATE TABLE verified_answers (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    member_id {uuid} NOT NULL,
    conversation_id {uuid},
    outcome_id {uuid} UNIQUE,
    uses {int} NOT NULL,
    created_at {int} NOT NULL,
    retired_at {int},
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, outcome_id) REFERENCES outcomes (workspace_id, id)
) {strict};

CREATE TABLE vectors (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    owner_id {uuid} NOT NULL,
    part TEXT NOT NULL,
    embedder TEXT NOT NULL,
    content_hash {bytes} NOT NULL,
    vector {bytes} NOT NULL,
    PRIMARY KEY (owner_id, part, embedder)
) {strict};
CREATE INDEX vectors_by_workspace ON vectors (workspace_id, embedder);

CREATE TABLE jobs (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    kind TEXT NOT NULL,
    subject_id {uuid} NOT NULL,
    run_at {int} NOT NULL,
    attempts {int} NOT NULL,
    last_error TEXT,
    UNIQUE (kind, subject_id)
) {strict};
CREATE INDEX jobs_due ON jobs (run_at);

CREATE TABLE model_checks (
    embedder TEXT NOT NULL,
    chat_model TEXT NOT NULL,
    language TEXT NOT NULL CHECK (language IN ('en', 'de')),
    ability TEXT NOT NULL CHECK (ability IN ('retrieve', 'quote', 'compose', 'abstain', 'grammar')),
    verdict TEXT NOT NULL CHECK (verdict IN ('fit', 'unfit', 'unmeasured')),
    figures TEXT NOT NULL,
    why TEXT,
    probe_version {int} NOT NULL,
    at {int} NOT NULL,
    PRIMARY KEY (embedder, chat_model, language, ability)
) {strict};

CREATE TABLE models (
    name TEXT PRIMARY KEY,
    file TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('chat', 'embed', 'adapter')),
    sha256 {bytes} NOT NULL UNIQUE,
    bytes {int} NOT NULL CHECK (bytes > 0),
    modified_at {int} NOT NULL,
    source TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_at {int} NOT NULL,
    UNIQUE (name, purpose)
) {strict};

CREATE TABLE models_in_use (
    purpose TEXT PRIMARY KEY CHECK (purpose IN ('chat', 'embed')),
    name TEXT NOT NULL,
    chosen_by TEXT NOT NULL,
    chosen_at {int} NOT NULL,
    FOREIGN KEY (name, purpose) REFERENCES models (name, purpose)
) {strict};

CREATE TABLE log_entries (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    seq {int} NOT NULL CHECK (seq >= 1),
    at {int} NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    refs TEXT NOT NULL,
    salt {bytes},
    content TEXT,
    content_digest {bytes} NOT NULL,
    previous {bytes} NOT NULL,
    hash {bytes} NOT NULL,
    PRIMARY KEY (workspace_id, seq),
    CHECK ((salt IS NULL) = (content IS NULL))
) {strict};
";

const SEARCH_SQLITE: &str = r"
CREATE VIRTUAL TABLE documents_search USING fts5 (title, body, content='documents', content_rowid='number', tokenize='unicode61 remove_diacritics 2');
CREATE TRIGGER documents_search_insert AFTER INSERT ON documents BEGIN
    INSERT INTO documents_search (rowid, title, body) VALUES (new.number, new.title, new.body);
END;
CREATE TRIGGER documents_search_delete AFTER DELETE ON documents BEGIN
    INSERT INTO documents_search (documents_search, rowid, title, body) VALUES ('delete', old.number, old.title, old.body);
END;
CREATE TRIGGER documents_search_update AFTER UPDATE OF title, body ON documents BEGIN
    INSERT INTO documents_search (documents_search, rowid, title, body) VALUES ('delete', old.number, old.title, old.body);
    INSERT INTO documents_search (rowid, title, body) VALUES (new.number, new.title, new.body);
END;
";

// Accents do not matter, as with SQLite's tokenizer: they are taken off before the words are found.
const SEARCH_POSTGRES: &str = r"
CREATE OR REPLACE FUNCTION without_accents(words TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT normalize(regexp_replace(normalize(words, NFD), '[\u0300-\u036f]', '', 'g'), NFC) $$;
ALTER TABLE documents ADD COLUMN search tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', without_accents(title)), 'A') || setweight(to_tsvector('simple', without_accents(body)), 'B')
) STORED;
CREATE INDEX documents_search ON documents USING gin (search);
";
