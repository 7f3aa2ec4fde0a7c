//! One more ability that chat models are checked for: to propose what a visitor asks to be done.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0029_act",
    changes: CHANGES,
};

/// `SQLite` changes no check of a table; nothing refers to this one.
const CHANGES: &str = r"
CREATE TABLE model_checks_new (
    embedder TEXT NOT NULL,
    chat_model TEXT NOT NULL,
    language TEXT NOT NULL CHECK (language IN ('en', 'de')),
    ability TEXT NOT NULL CHECK (ability IN ('retrieve', 'quote', 'compose', 'abstain', 'grammar', 'act', 'doubt')),
    verdict TEXT NOT NULL CHECK (verdict IN ('fit', 'unfit', 'unmeasured')),
    figures TEXT NOT NULL,
    why TEXT,
    probe_version {int} NOT NULL,
    at {int} NOT NULL,
    PRIMARY KEY (embedder, chat_model, language, ability)
) {strict};
INSERT INTO model_checks_new SELECT * FROM model_checks;
DROP TABLE model_checks;
ALTER TABLE model_checks_new RENAME TO model_checks;
";
