//! Rehearsals: questions of the past, drafted and judged before going live. Nothing else refers to them.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0009_rehearsals",
    changes: CHANGES,
};

/// What the AI would have answered stands in the case itself: a row in `drafts` belongs to a turn, and there is none.
const CHANGES: &str = r"
CREATE TABLE rehearsals (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    agent_id {uuid} NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('drafting', 'judging', 'ended')),
    reading TEXT NOT NULL,
    member_id {uuid},
    created_at {int} NOT NULL,
    drafted_at {int},
    ended_at {int},
    UNIQUE (workspace_id, id),
    CHECK (state <> 'judging' OR drafted_at IS NOT NULL),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};

CREATE TABLE rehearsal_cases (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    rehearsal_id {uuid} NOT NULL,
    place {int} NOT NULL,
    line {int} NOT NULL,
    external_id TEXT,
    question TEXT NOT NULL,
    answer TEXT,
    history TEXT NOT NULL,
    asked_at {int},
    draft TEXT,
    is_silent {bool},
    drafted_at {int},
    verdict TEXT CHECK (verdict IN ('right', 'wrong', 'leave')),
    note TEXT,
    member_id {uuid},
    judged_at {int},
    UNIQUE (workspace_id, id),
    UNIQUE (rehearsal_id, place),
    CHECK ((draft IS NULL) = (is_silent IS NULL)),
    CHECK ((draft IS NULL) = (drafted_at IS NULL)),
    CHECK (verdict IS NULL OR (draft IS NOT NULL AND NOT is_silent)),
    CHECK ((verdict IS NULL) = (member_id IS NULL)),
    CHECK ((verdict IS NULL) = (judged_at IS NULL)),
    FOREIGN KEY (workspace_id, rehearsal_id) REFERENCES rehearsals (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX rehearsal_cases_in_order ON rehearsal_cases (workspace_id, rehearsal_id, place);
";
