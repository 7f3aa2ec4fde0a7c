//! A team at the queue: terms and order of items, approvals of several people, assignments, skills, spam.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0004_team",
    changes: CHANGES,
};

const CHANGES: &str = r"
ALTER TABLE review_items ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';
ALTER TABLE review_items ADD COLUMN wording {int} NOT NULL DEFAULT 0;
ALTER TABLE review_items ADD COLUMN delayed_at {int};
ALTER TABLE review_items ADD COLUMN rank_at {int} NOT NULL DEFAULT 0;
ALTER TABLE review_items ADD COLUMN escalated {int} NOT NULL DEFAULT 0;
UPDATE review_items SET rank_at = waiting_since;
DROP INDEX review_items_waiting;
CREATE INDEX review_items_ranked ON review_items (workspace_id, state, rank_at, id);

ALTER TABLE review_items ADD COLUMN likeness {bytes};
CREATE INDEX review_items_alike ON review_items (workspace_id, likeness) WHERE state = 'open' AND likeness IS NOT NULL;

ALTER TABLE conversations ADD COLUMN spam TEXT CHECK (spam IN ('flood', 'marked'));

ALTER TABLE visitors ADD COLUMN address_mark {bytes};
CREATE INDEX visitors_by_address ON visitors (workspace_id, address_mark) WHERE address_mark IS NOT NULL;

CREATE TABLE approvals (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    item_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    revision {int} NOT NULL,
    wording {int} NOT NULL,
    body TEXT,
    remember {bool} NOT NULL,
    verdict TEXT CHECK (verdict IN ('acceptable', 'bad', 'cannot_judge')),
    reasons TEXT NOT NULL,
    note TEXT,
    created_at {int} NOT NULL,
    withdrawn_at {int},
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, item_id) REFERENCES review_items (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE UNIQUE INDEX one_approval_each ON approvals (item_id, revision, wording, member_id) WHERE withdrawn_at IS NULL;

CREATE TABLE assignments (
    item_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    created_at {int} NOT NULL,
    FOREIGN KEY (workspace_id, item_id) REFERENCES review_items (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX assignments_by_member ON assignments (workspace_id, member_id);

CREATE TABLE shared_decisions (
    outcome_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    evidence_id {uuid} NOT NULL,
    FOREIGN KEY (workspace_id, outcome_id) REFERENCES outcomes (workspace_id, id),
    FOREIGN KEY (workspace_id, evidence_id) REFERENCES drafts (workspace_id, id)
) {strict};
CREATE INDEX shared_decisions_by_evidence ON shared_decisions (workspace_id, evidence_id);

CREATE TABLE member_profiles (
    member_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    skills TEXT NOT NULL,
    available {bool} NOT NULL,
    desk TEXT NOT NULL,
    last_given_at {int} NOT NULL,
    updated_at {int} NOT NULL,
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
";
