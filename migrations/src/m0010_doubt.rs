//! One more ability that models are checked for: to give what they write rightly a higher probability than what they write wrongly. And how a month
//! is claimed is fixed when it is opened, before any figure is known.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0010_doubt",
    changes: CHANGES,
};

/// `SQLite` changes no check of a table; nothing refers to this one.
const CHANGES: &str = r"
CREATE TABLE model_checks_new (
    embedder TEXT NOT NULL,
    chat_model TEXT NOT NULL,
    language TEXT NOT NULL CHECK (language IN ('en', 'de')),
    ability TEXT NOT NULL CHECK (ability IN ('retrieve', 'quote', 'compose', 'abstain', 'grammar', 'doubt')),
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
ALTER TABLE sampling_months ADD COLUMN confidence_percent {int};
ALTER TABLE sampling_months ADD COLUMN is_exact {bool};
";
