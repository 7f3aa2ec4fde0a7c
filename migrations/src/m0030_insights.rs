//! What conversations were, and how they are counted; when a text was delivered.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0030_insights",
    changes: CHANGES,
};

const CHANGES: &str = r"
CREATE TABLE insights (
    conversation_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    agent_id {uuid} NOT NULL,
    day {int} NOT NULL,
    due_at {int},
    told TEXT NOT NULL,
    UNIQUE (workspace_id, conversation_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id)
) {strict};
CREATE INDEX insights_by_day ON insights (workspace_id, day, conversation_id);
CREATE INDEX insights_due ON insights (workspace_id, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE insight_marks (
    workspace_id {uuid} NOT NULL,
    mark TEXT NOT NULL,
    day {int} NOT NULL,
    conversation_id {uuid} NOT NULL,
    amount {int} NOT NULL CHECK (amount > 0),
    PRIMARY KEY (workspace_id, mark, day, conversation_id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {by_key};

CREATE TABLE tallies (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    day {int} NOT NULL,
    mark TEXT NOT NULL,
    agent_id {uuid} NOT NULL,
    version {int} NOT NULL,
    amount {int} NOT NULL,
    PRIMARY KEY (workspace_id, day, mark, agent_id, version),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id)
) {by_key};

CREATE TABLE insight_watches (
    workspace_id {uuid} PRIMARY KEY REFERENCES workspaces (id),
    seq {int} NOT NULL,
    time_zone TEXT NOT NULL,
    definitions {int} NOT NULL
) {strict};

ALTER TABLE messages ADD COLUMN delivered_at {int};
";
