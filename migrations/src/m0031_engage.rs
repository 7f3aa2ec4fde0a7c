//! What visitors are to reach and what they reached, and people to be called back, each once however often they ask.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0031_engage",
    changes: CHANGES,
};

/// A goal and a conversation have one conversion at most, and an order has one. Nothing refers to `leads`, so it is made anew: `SQLite` adds no
/// foreign keys. Contacts of before are compared as simply as SQL can.
const CHANGES: &str = r"
CREATE TABLE goals (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL CHECK (name <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('url', 'event', 'api')),
    reached_on TEXT NOT NULL,
    worth TEXT NOT NULL CHECK (worth IN ('none', 'fixed', 'given')),
    value {int} NOT NULL CHECK (value >= 0),
    created_at {int} NOT NULL,
    retired_at {int},
    UNIQUE (workspace_id, id),
    CHECK ((worth = 'none') = (value = 0)),
    CHECK ((kind = 'api') = (reached_on = ''))
) {strict};

CREATE TABLE conversions (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    goal_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    value {int} CHECK (value >= 0),
    currency TEXT,
    source TEXT NOT NULL CHECK (source IN ('page', 'api')),
    order_ref TEXT CHECK (order_ref <> ''),
    at {int} NOT NULL,
    confirmed_at {int},
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, goal_id, conversation_id),
    UNIQUE (workspace_id, order_ref),
    CHECK ((value IS NULL) = (currency IS NULL)),
    CHECK ((source = 'api') = (confirmed_at IS NOT NULL)),
    FOREIGN KEY (workspace_id, goal_id) REFERENCES goals (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};
CREATE INDEX conversions_by_time ON conversions (workspace_id, at);
CREATE INDEX conversions_of_conversation ON conversions (workspace_id, conversation_id);
CREATE INDEX contacts_by_address ON contacts (workspace_id, address);

CREATE TABLE leads_new (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    contact_key TEXT NOT NULL CHECK (contact_key <> ''),
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    note TEXT NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('new', 'contacted', 'won', 'lost')),
    owner_id {uuid},
    occurrences {int} NOT NULL CHECK (occurrences >= 1),
    created_at {int} NOT NULL,
    asked_at {int} NOT NULL,
    changed_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES members (workspace_id, id)
) {strict};
INSERT INTO leads_new SELECT id, workspace_id,
    CASE WHEN contact LIKE '%_@_%' THEN 'mailto:' || lower(trim(contact)) ELSE 'tel:' || replace(replace(replace(trim(contact), ' ', ''), '-', ''), '/', '') END,
    name, contact, note, 'new', NULL, 1, created_at, created_at, created_at FROM leads;

CREATE TABLE lead_occurrences (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    lead_id {uuid} NOT NULL,
    action_id {uuid} NOT NULL,
    conversation_id {uuid},
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    note TEXT NOT NULL,
    consent TEXT NOT NULL,
    at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, action_id),
    FOREIGN KEY (workspace_id, lead_id) REFERENCES leads_new (workspace_id, id),
    FOREIGN KEY (workspace_id, action_id) REFERENCES actions (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};
INSERT INTO lead_occurrences SELECT id, workspace_id, id, action_id, conversation_id, name, contact, note, '', created_at FROM leads;
CREATE INDEX lead_occurrences_of_lead ON lead_occurrences (workspace_id, lead_id, at);
CREATE INDEX lead_occurrences_of_conversation ON lead_occurrences (workspace_id, conversation_id);
DROP TABLE leads;
ALTER TABLE leads_new RENAME TO leads;
CREATE INDEX leads_by_contact ON leads (workspace_id, contact_key);
CREATE INDEX leads_by_start ON leads (workspace_id, created_at);
CREATE INDEX leads_by_asking ON leads (workspace_id, asked_at, id);
";
