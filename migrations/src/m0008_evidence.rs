//! What is known of drafts: their scores, what was drawn, what was judged, and what follows for the gate.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0008_evidence",
    changes: CHANGES,
};

/// `evidence` is narrow, one row for each draft that answers: a month's statement reads all of them. It repeats what other tables
/// say (mode, label) for that reason; `app::evidence` is the only place that writes it.
const CHANGES: &str = r"
ALTER TABLE decisions ADD COLUMN features TEXT;

CREATE TABLE score_versions (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    number {int} NOT NULL CHECK (number > 0),
    version TEXT NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (workspace_id, number)
) {strict};

CREATE TABLE evidence (
    draft_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    agent_version_id {uuid} NOT NULL,
    month TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('verified', 'quote', 'compose')),
    score_version {int} NOT NULL,
    score {real} NOT NULL,
    topic TEXT NOT NULL,
    is_sensitive {bool} NOT NULL,
    is_fresh {bool} NOT NULL,
    rests_on {bytes},
    is_sent {bool} NOT NULL,
    band {int},
    probability {real} CHECK (probability BETWEEN 0 AND 1),
    seq {int},
    is_drawn {bool},
    weight {real},
    is_kept_back {bool} NOT NULL,
    left_out {bool} NOT NULL,
    label TEXT CHECK (label IN ('acceptable', 'bad', 'cannot_judge')),
    judged_by TEXT CHECK (judged_by IN ('gate', 'sample', 'requeue')),
    judged_at {int},
    second_label TEXT CHECK (second_label IN ('acceptable', 'bad', 'cannot_judge')),
    second_at {int},
    is_changed {bool} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, draft_id),
    CHECK ((label IS NULL) = (judged_by IS NULL)),
    CHECK ((label IS NULL) = (judged_at IS NULL)),
    CHECK (NOT is_sent OR (band IS NOT NULL AND probability IS NOT NULL)),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, agent_version_id) REFERENCES agent_versions (workspace_id, id)
) {strict};
CREATE INDEX evidence_by_month ON evidence (workspace_id, month, created_at);
CREATE INDEX evidence_by_time ON evidence (workspace_id, created_at);
CREATE INDEX evidence_drawn ON evidence (workspace_id, month, is_drawn);
CREATE INDEX evidence_by_content ON evidence (workspace_id, rests_on);
CREATE INDEX evidence_judged ON evidence (workspace_id, judged_at);
CREATE INDEX evidence_judged_again ON evidence (workspace_id, second_at);

CREATE TABLE sampling_months (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    month TEXT NOT NULL,
    draw_key {bytes},
    commitment {bytes} NOT NULL,
    cuts TEXT NOT NULL,
    probabilities TEXT NOT NULL,
    requeue_probability {real} NOT NULL CHECK (requeue_probability BETWEEN 0 AND 1),
    drawn_through {int} NOT NULL,
    sent TEXT NOT NULL,
    opened_at {int} NOT NULL,
    closed_at {int},
    statement TEXT,
    PRIMARY KEY (workspace_id, month),
    CHECK ((closed_at IS NULL) = (statement IS NULL))
) {strict};

CREATE TABLE checks (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    draft_id {uuid} NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('sample', 'requeue', 'second', 'gold', 'repeat')),
    place {real} NOT NULL,
    for_member {uuid},
    not_for_member {uuid},
    not_before {int} NOT NULL,
    leased_by {uuid},
    leased_until {int},
    shown_at {int},
    label TEXT CHECK (label IN ('acceptable', 'bad', 'cannot_judge')),
    reasons TEXT NOT NULL,
    note TEXT,
    member_id {uuid},
    took_ms {int},
    is_hasty {bool} NOT NULL,
    created_at {int} NOT NULL,
    closed_at {int},
    UNIQUE (workspace_id, id),
    CHECK ((label IS NULL) = (closed_at IS NULL)),
    CHECK ((label IS NULL) = (member_id IS NULL)),
    CHECK ((leased_by IS NULL) = (leased_until IS NULL)),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id),
    FOREIGN KEY (workspace_id, for_member) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, not_for_member) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, leased_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE UNIQUE INDEX checks_asked_once ON checks (workspace_id, draft_id, purpose) WHERE closed_at IS NULL AND for_member IS NULL;
CREATE UNIQUE INDEX checks_of_one_asked_once ON checks (workspace_id, draft_id, purpose, for_member) WHERE for_member IS NOT NULL;
CREATE INDEX checks_waiting ON checks (workspace_id, closed_at, place);
CREATE INDEX checks_by_draft ON checks (workspace_id, draft_id);
CREATE INDEX checks_by_member ON checks (workspace_id, member_id, closed_at);

CREATE TABLE gate_epochs (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    number {int} NOT NULL CHECK (number > 0),
    month TEXT NOT NULL,
    began_at {int} NOT NULL,
    certification TEXT NOT NULL,
    closed_topics TEXT NOT NULL,
    evidence_from {int} NOT NULL,
    score_quality TEXT,
    PRIMARY KEY (workspace_id, number)
) {strict};

CREATE TABLE certificates (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    epoch {int} NOT NULL,
    certificate TEXT NOT NULL,
    closed_topics TEXT NOT NULL,
    issued_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    ended_at {int},
    ended_because TEXT,
    UNIQUE (workspace_id, id),
    CHECK ((ended_at IS NULL) = (ended_because IS NULL))
) {strict};
CREATE UNIQUE INDEX one_certificate_in_force ON certificates (workspace_id) WHERE ended_at IS NULL;
";
