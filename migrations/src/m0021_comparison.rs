//! What the LLM would write, without a candidate and with it; and pairs of such answers that people read blind.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0021_comparison",
    changes: CHANGES,
};

/// A case learns which draft asked its question, so that what was said before it can be read. A pair keeps its texts as they are shown: which of the
/// two is the candidate's stands apart from them.
const CHANGES: &str = r"
CREATE TABLE candidate_cases_anew (
    candidate_id {uuid} NOT NULL,
    place {int} NOT NULL,
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid},
    draft_id {uuid},
    question TEXT NOT NULL,
    known TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('same', 'answered', 'mended', 'other', 'silenced', 'broken')),
    PRIMARY KEY (candidate_id, place),
    FOREIGN KEY (workspace_id, candidate_id) REFERENCES candidates (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id)
) {strict};
INSERT INTO candidate_cases_anew (candidate_id, place, workspace_id, conversation_id, question, known, before, after, effect)
    SELECT candidate_id, place, workspace_id, conversation_id, question, known, before, after, effect FROM candidate_cases;
DROP TABLE candidate_cases;
ALTER TABLE candidate_cases_anew RENAME TO candidate_cases;
CREATE INDEX candidate_cases_of_workspace ON candidate_cases (workspace_id, candidate_id);
CREATE INDEX candidate_cases_of_conversation ON candidate_cases (workspace_id, conversation_id);
CREATE INDEX candidate_cases_of_draft ON candidate_cases (workspace_id, draft_id);

CREATE TABLE candidate_texts (
    candidate_id {uuid} NOT NULL,
    recipe TEXT NOT NULL,
    workspace_id {uuid} NOT NULL,
    place {int} NOT NULL,
    question TEXT NOT NULL,
    draft_id {uuid},
    settings TEXT NOT NULL,
    sources TEXT NOT NULL,
    fallback TEXT NOT NULL,
    answer TEXT,
    is_given_up {bool} NOT NULL,
    written_at {int},
    PRIMARY KEY (candidate_id, recipe),
    CHECK (NOT is_given_up OR answer IS NULL),
    CHECK ((answer IS NOT NULL OR is_given_up) = (written_at IS NOT NULL)),
    FOREIGN KEY (workspace_id, candidate_id) REFERENCES candidates (workspace_id, id),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id)
) {strict};
CREATE INDEX candidate_texts_of_workspace ON candidate_texts (workspace_id, candidate_id, place);
CREATE INDEX candidate_texts_of_draft ON candidate_texts (workspace_id, draft_id);

CREATE TABLE comparison_pairs (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    candidate_id {uuid} NOT NULL,
    place {int} NOT NULL,
    conversation_id {uuid},
    draft_id {uuid},
    question TEXT NOT NULL,
    first_text TEXT NOT NULL,
    second_text TEXT NOT NULL,
    first_is_after {bool} NOT NULL,
    is_stale {bool} NOT NULL,
    verdict TEXT CHECK (verdict IN ('both_good', 'first_bad', 'second_bad', 'both_bad', 'cannot_judge')),
    judged_place {int},
    member_id {uuid},
    judged_at {int},
    UNIQUE (workspace_id, id),
    UNIQUE (candidate_id, place),
    UNIQUE (candidate_id, judged_place),
    CHECK (first_text <> second_text),
    CHECK ((verdict IS NULL) = (judged_at IS NULL)),
    CHECK ((verdict IS NULL) = (judged_place IS NULL)),
    CHECK ((verdict IS NULL) = (member_id IS NULL)),
    FOREIGN KEY (workspace_id, candidate_id) REFERENCES candidates (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX comparison_pairs_of_candidate ON comparison_pairs (workspace_id, candidate_id, place);
CREATE INDEX comparison_pairs_of_draft ON comparison_pairs (workspace_id, draft_id);
CREATE INDEX comparison_pairs_of_conversation ON comparison_pairs (workspace_id, conversation_id);
";
