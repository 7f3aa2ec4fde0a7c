//! What a person said follows from an edit: why the draft was not good enough, and what was made of it.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0020_corrections",
    changes: CHANGES,
};

/// The index finds who else was told the very same words: a text may be too long for an index, its length never is.
const CHANGES: &str = r"
CREATE TABLE corrections (
    outcome_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    causes TEXT NOT NULL,
    keeps_pair {bool} NOT NULL,
    candidate_id {uuid},
    regression_question_id {uuid},
    member_id {uuid} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, outcome_id),
    FOREIGN KEY (workspace_id, outcome_id) REFERENCES outcomes (workspace_id, id),
    FOREIGN KEY (workspace_id, candidate_id) REFERENCES candidates (workspace_id, id),
    FOREIGN KEY (workspace_id, regression_question_id) REFERENCES regression_questions (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX messages_by_length ON messages (workspace_id, author, length(body));
";
