//! Candidates: changes that are tried on questions of the past before they go live, and the questions that must stay answered.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0017_candidates",
    changes: CHANGES,
};

/// A change's inverse is written when it goes live: until then nobody knows what it replaces.
const CHANGES: &str = r"
CREATE TABLE candidates (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    number {int} NOT NULL CHECK (number > 0),
    title TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('person', 'proposal', 'correction', 'import', 'tuner')),
    state TEXT NOT NULL CHECK (state IN ('replaying', 'waiting', 'publishing', 'published', 'rolling_back', 'rolled_back', 'withdrawn')),
    questions TEXT NOT NULL,
    changes_count {int} NOT NULL CHECK (changes_count > 0),
    found TEXT,
    replayed_at {int},
    reason TEXT,
    member_id {uuid},
    created_at {int} NOT NULL,
    published_by {uuid},
    published_at {int},
    ended_by {uuid},
    ended_at {int},
    end_reason TEXT,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, number),
    CHECK ((found IS NULL) = (replayed_at IS NULL)),
    CHECK (state NOT IN ('publishing', 'published', 'rolling_back', 'rolled_back') OR published_at IS NOT NULL),
    CHECK ((state IN ('rolling_back', 'rolled_back', 'withdrawn')) = (ended_at IS NOT NULL)),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, published_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, ended_by) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX candidates_by_state ON candidates (workspace_id, state);

CREATE TABLE candidate_changes (
    candidate_id {uuid} NOT NULL,
    place {int} NOT NULL,
    workspace_id {uuid} NOT NULL,
    change TEXT NOT NULL,
    inverse TEXT,
    is_live {bool} NOT NULL,
    PRIMARY KEY (candidate_id, place),
    CHECK (NOT is_live OR inverse IS NOT NULL),
    FOREIGN KEY (workspace_id, candidate_id) REFERENCES candidates (workspace_id, id)
) {strict};
CREATE INDEX candidate_changes_of_workspace ON candidate_changes (workspace_id, candidate_id);

CREATE TABLE candidate_cases (
    candidate_id {uuid} NOT NULL,
    place {int} NOT NULL,
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid},
    question TEXT NOT NULL,
    known TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('same', 'answered', 'mended', 'other', 'silenced', 'broken')),
    PRIMARY KEY (candidate_id, place),
    FOREIGN KEY (workspace_id, candidate_id) REFERENCES candidates (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};
CREATE INDEX candidate_cases_of_workspace ON candidate_cases (workspace_id, candidate_id);
CREATE INDEX candidate_cases_of_conversation ON candidate_cases (workspace_id, conversation_id);

CREATE TABLE regression_questions (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    agent_id {uuid},
    conversation_id {uuid},
    member_id {uuid},
    created_at {int} NOT NULL,
    removed_at {int},
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX regression_questions_in_use ON regression_questions (workspace_id, id) WHERE removed_at IS NULL;
";
