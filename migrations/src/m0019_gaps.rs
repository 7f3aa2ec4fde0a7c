//! Gaps: questions that were not answered, or badly, and belong together; and the answers that are proposed for them.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0019_gaps",
    changes: CHANGES,
};

/// A question is noticed first and finds its gap later, once it is embedded: until then it has neither gap nor vector.
const CHANGES: &str = r"
CREATE TABLE gaps (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'proposed', 'closed', 'dismissed')),
    reason TEXT,
    embedder TEXT NOT NULL,
    centroid {bytes} NOT NULL,
    questions {int} NOT NULL CHECK (questions >= 0),
    visitors {int} NOT NULL CHECK (visitors >= 0 AND visitors <= questions),
    is_moved {bool} NOT NULL,
    first_at {int} NOT NULL,
    last_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK (reason IS NULL OR state = 'dismissed')
) {strict};
CREATE INDEX gaps_by_visitors ON gaps (workspace_id, visitors, questions, id);

CREATE TABLE gap_questions (
    turn_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    gap_id {uuid},
    conversation_id {uuid} NOT NULL,
    visitor_id {uuid} NOT NULL,
    draft_id {uuid},
    outcome_id {uuid},
    question TEXT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('unanswered', 'judged_bad', 'answered_by_person')),
    embedder TEXT,
    vector {bytes},
    asked_at {int} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, turn_id),
    CHECK ((gap_id IS NULL) = (vector IS NULL)),
    CHECK ((gap_id IS NULL) = (embedder IS NULL)),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, gap_id) REFERENCES gaps (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, visitor_id) REFERENCES visitors (workspace_id, id),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id),
    FOREIGN KEY (workspace_id, outcome_id) REFERENCES outcomes (workspace_id, id)
) {strict};
CREATE INDEX gap_questions_by_gap ON gap_questions (workspace_id, gap_id, asked_at);
CREATE INDEX gap_questions_by_conversation ON gap_questions (workspace_id, conversation_id);

CREATE TABLE gap_proposals (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    gap_id {uuid} NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('reply', 'written')),
    turn_id {uuid},
    conversation_id {uuid},
    author_id {uuid},
    state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'dismissed', 'superseded')),
    reason TEXT,
    decided_by {uuid},
    created_at {int} NOT NULL,
    decided_at {int},
    candidate_id {uuid},
    UNIQUE (workspace_id, id),
    CHECK ((state = 'waiting') = (decided_at IS NULL)),
    CHECK (candidate_id IS NULL OR state = 'approved'),
    CHECK ((state = 'dismissed') = (reason IS NOT NULL)),
    CHECK (origin <> 'reply' OR (turn_id IS NOT NULL AND conversation_id IS NOT NULL)),
    FOREIGN KEY (workspace_id, gap_id) REFERENCES gaps (workspace_id, id),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, author_id) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, candidate_id) REFERENCES candidates (workspace_id, id)
) {strict};
CREATE INDEX gap_proposals_by_candidate ON gap_proposals (workspace_id, candidate_id);
CREATE UNIQUE INDEX gap_proposals_waiting ON gap_proposals (gap_id) WHERE state = 'waiting';
CREATE INDEX gap_proposals_by_gap ON gap_proposals (workspace_id, gap_id);

CREATE TABLE gap_watches (
    workspace_id {uuid} PRIMARY KEY REFERENCES workspaces (id),
    seq {int} NOT NULL CHECK (seq >= 0)
) {strict};
";
