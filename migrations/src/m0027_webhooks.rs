//! Webhooks by subscription, the attempts of each delivery, and files that go with an e-mail.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0027_webhooks",
    changes: CHANGES,
};

/// A delivery names its subscription, one of the same workspace: whatever writes it has read that row through the workspace. What was
/// removed stays as a row without its secrets, because deliveries go on naming it.
const CHANGES: &str = r"
CREATE TABLE subscriptions (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    url TEXT NOT NULL,
    note TEXT NOT NULL,
    types TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'gone', 'removed')),
    secret {bytes} NOT NULL,
    previous {bytes},
    secret_changed_at {int} NOT NULL,
    after_seq {int} NOT NULL CHECK (after_seq >= 0),
    created_at {int} NOT NULL,
    changed_at {int} NOT NULL,
    UNIQUE (workspace_id, id)
) {strict};

CREATE TABLE subscription_watches (
    workspace_id {uuid} PRIMARY KEY REFERENCES workspaces (id),
    seq {int} NOT NULL CHECK (seq >= 0)
) {strict};

ALTER TABLE deliveries ADD COLUMN subscription {uuid};
CREATE INDEX deliveries_of_subscription ON deliveries (workspace_id, subscription, id) WHERE subscription IS NOT NULL;
CREATE INDEX deliveries_to_forget ON deliveries (workspace_id, ended_at) WHERE subscription IS NOT NULL AND ended_at IS NOT NULL;

CREATE TABLE delivery_attempts (
    delivery_id {uuid} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    workspace_id {uuid} NOT NULL,
    at {int} NOT NULL,
    status {int},
    error TEXT,
    duration_ms {int} NOT NULL,
    PRIMARY KEY (delivery_id, number),
    FOREIGN KEY (workspace_id, delivery_id) REFERENCES deliveries (workspace_id, id)
) {strict};
CREATE INDEX delivery_attempts_of_workspace ON delivery_attempts (workspace_id, delivery_id);

ALTER TABLE mails ADD COLUMN attachment TEXT;
";
