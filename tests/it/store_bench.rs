//! What the store's tests stand on: a fresh database of each kind, and a workspace with a row in every table.

mod actions;
mod answers;
mod clusters;
mod engage;
mod gaps;
mod improve;
mod insight;
mod rehearsal;
mod reports;
mod tuning;

use holdpoint::domain::{
    account::{Role, Scope},
    answer::{AnswerMode, Signals},
    conversation::{Author, Epoch},
    evidence::{CheckPurpose, JudgedBy},
    features::prior,
    ids::{
        ActionId, AgentId, AgentVersionId, CandidateId, CannedReplyId, ClusterId, ConflictId, ConversationId,
        ConversionId, DecisionId, DeliveryId, DocumentId, DraftId, GapId, GoalId, ItemId, JobId, LeadId, MailId,
        MemberId, MessageId, NoteId, OutcomeId, PairId, PatternId, ProposalId, RegressionQuestionId, RehearsalCaseId,
        RehearsalId, ReleaseId, ReportId, ReportLinkId, RetrievalVersionId, SubscriptionId, TokenId, ToolVersionId,
        TurnId, UserId, VerdictId, VerifiedAnswerId, VisitorId, WorkspaceId,
    },
    knowledge::DocumentKind,
    log::{Actor, ChainError, ChainVerifier, EventKind},
    mail::MailState,
    policy::{DecisionKind, Document, Facts, GateState, Terms},
    review::{ItemKind, OutcomeKind, VerdictLabel},
    screening::Screening,
    settings::{AgentSettings, WorkspaceSettings},
    time::Timestamp,
    turn::TurnState,
    webhook::{DeliveryState, SubscriptionState, Type},
};
use holdpoint::stats::score::Version;
use holdpoint::stats::threshold::{Certificate, Mode, Reach, Rules, certify};
use holdpoint::store::entity::{
    agent, agent_version, approval, assignment, canned_reply, certificate, check, contact, conversation, decision,
    delivery, delivery_attempt, document, draft, evidence, gate_epoch, job, mail, member, member_profile, message,
    note, outcome, policy_version, rating, release, return_link, review_item, sampling_month, score_version, session,
    setup_link, shared_decision, subscription, token, turn, user, vector, verdict, verified_answer, visitor,
    webhook_secret, workspace,
};
use holdpoint::store::{
    Change, ItemStatus, JobKind, Json, Location, LogDraft, NewRankingVector, NoteKind, OutcomeStatus, OwnerKind,
    Sources, Store, StoreError, Tx,
};
use holdpoint::system;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement,
};
use tempfile::TempDir;
use uuid::Uuid;

/// The PostgreSQL server for tests, or `None` with a message.
pub(crate) fn postgres_url() -> Option<String> {
    let url = std::env::var("HOLDPOINT_TEST_POSTGRES")
        .ok()
        .filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("skipped on PostgreSQL: HOLDPOINT_TEST_POSTGRES is not set");
    }
    url
}

/// A database of its own for one test.
pub(crate) struct Bench {
    pub(crate) location: Location,
    /// A second connection, past the store, for SQL that no one may write.
    pub(crate) raw: DatabaseConnection,
    _directory: Option<TempDir>,
}

impl Bench {
    /// On SQLite, in a file.
    pub(crate) async fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("holdpoint.db");
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
        options.max_connections(1).sqlx_logging(false);
        let raw = Database::connect(options).await.unwrap();
        Self {
            location: Location::Sqlite(path),
            raw,
            _directory: Some(directory),
        }
    }

    /// On PostgreSQL, in a schema of its own; none without a server.
    pub(crate) async fn postgres() -> Option<Self> {
        let server = postgres_url()?;
        let schema = format!("test_{}", Uuid::now_v7().simple());
        let maker = Database::connect(&server).await.unwrap();
        maker
            .execute_unprepared(&format!("CREATE SCHEMA {schema}"))
            .await
            .unwrap();
        maker.close().await.unwrap();
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-c%20search_path%3D{schema}");
        let raw = Database::connect(&url).await.unwrap();
        Some(Self {
            location: Location::Postgres(url),
            raw,
            _directory: None,
        })
    }

    pub(crate) async fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.location, system::sources()).await
    }

    pub(crate) async fn store(&self) -> Store {
        self.open().await.unwrap()
    }

    pub(crate) async fn store_with(&self, sources: Sources) -> Store {
        Store::open(&self.location, sources).await.unwrap()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.location, Location::Sqlite(_))
    }

    pub(crate) async fn sql(&self, sql: &str) -> Result<u64, DbErr> {
        Ok(self.raw.execute_unprepared(sql).await?.rows_affected())
    }

    pub(crate) async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        rows(&self.raw, sql).await
    }

    /// A count, or another single number.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        number(&self.raw, sql).await
    }

    /// A UUID as this database's SQL writes it.
    pub(crate) fn uuid(&self, id: impl Into<Uuid>) -> String {
        let id: Uuid = id.into();
        if self.is_sqlite() {
            format!("x'{}'", id.simple())
        } else {
            format!("'{id}'")
        }
    }

    /// The names of all tables.
    pub(crate) async fn tables(&self) -> Vec<String> {
        let sql = if self.is_sqlite() {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        } else {
            "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        };
        let rows = self.rows(sql).await;
        rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
    }
}

pub(crate) async fn rows(connection: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_all_raw(statement).await.unwrap()
}

pub(crate) async fn number(connection: &DatabaseConnection, sql: &str) -> i64 {
    let rows = rows(connection, sql).await;
    rows.first().unwrap().try_get_by_index(0).unwrap()
}

/// Runs a test on SQLite, and on PostgreSQL where there is one.
pub(crate) async fn on_both(test: impl AsyncFn(&Bench)) {
    test(&Bench::sqlite().await).await;
    if let Some(bench) = Bench::postgres().await {
        test(&bench).await;
        let schema = bench.rows("SELECT current_schema()::text AS name").await;
        let schema: String = schema.first().unwrap().try_get("", "name").unwrap();
        // Fails while a store of the test is still closing; the server is thrown away anyway.
        let _kept = bench.sql(&format!("DROP SCHEMA {schema} CASCADE")).await;
    }
}

/// The columns of a foreign key that name a row: table, column, table referred to.
pub(crate) struct Reference {
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) target: String,
    /// The workspace is part of the key, so that it cannot reach out of it.
    pub(crate) with_workspace: bool,
}

impl Bench {
    /// Every column that is part of a foreign key to another table, except the workspace's own.
    pub(crate) async fn references(&self) -> Vec<Reference> {
        let sql = if self.raw.get_database_backend() == DbBackend::Sqlite {
            "SELECT m.name AS tbl, f.\"from\" AS col, f.\"table\" AS target, \
             EXISTS (SELECT 1 FROM pragma_foreign_key_list(m.name) w WHERE w.id = f.id AND w.\"from\" = 'workspace_id') \
             AS with_workspace FROM sqlite_master m, \
             pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f.\"from\" <> 'workspace_id'"
        } else {
            "SELECT c.conrelid::regclass::text AS tbl, a.attname::text AS col, c.confrelid::regclass::text AS target, \
             EXISTS (SELECT 1 FROM pg_attribute w WHERE w.attrelid = c.conrelid AND w.attname = 'workspace_id' \
             AND w.attnum = ANY (c.conkey)) AS with_workspace \
             FROM pg_constraint c CROSS JOIN LATERAL unnest(c.conkey) k \
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k \
             WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace AND a.attname <> 'workspace_id'"
        };
        let rows = self.rows(sql).await;
        rows.iter()
            .map(|row| Reference {
                table: row.try_get("", "tbl").unwrap(),
                column: row.try_get("", "col").unwrap(),
                target: row.try_get("", "target").unwrap(),
                with_workspace: row.try_get("", "with_workspace").unwrap(),
            })
            .collect()
    }
}

/// Ids of the rows of one planted workspace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planted {
    pub(crate) workspace: WorkspaceId,
    pub(crate) user: UserId,
    pub(crate) member: MemberId,
    pub(crate) token: TokenId,
    pub(crate) agent: AgentId,
    pub(crate) version: AgentVersionId,
    pub(crate) visitor: VisitorId,
    pub(crate) conversation: ConversationId,
    pub(crate) turn: TurnId,
    pub(crate) draft: DraftId,
    pub(crate) decision: DecisionId,
    pub(crate) item: ItemId,
    pub(crate) outcome: OutcomeId,
    pub(crate) verdict: VerdictId,
    pub(crate) release: ReleaseId,
    pub(crate) message: MessageId,
    pub(crate) document: DocumentId,
    pub(crate) answer: VerifiedAnswerId,
    pub(crate) job: JobId,
    pub(crate) mail: MailId,
    pub(crate) delivery: DeliveryId,
    pub(crate) told: DeliveryId,
    pub(crate) subscription: SubscriptionId,
    pub(crate) note: NoteId,
    pub(crate) canned: CannedReplyId,
    pub(crate) check: ItemId,
    pub(crate) rehearsal: RehearsalId,
    pub(crate) rehearsal_case: RehearsalCaseId,
    pub(crate) retrieval_version: RetrievalVersionId,
    pub(crate) report: ReportId,
    pub(crate) report_link: ReportLinkId,
    pub(crate) candidate: CandidateId,
    pub(crate) pair: PairId,
    pub(crate) regression_question: RegressionQuestionId,
    pub(crate) gap: GapId,
    pub(crate) cluster: ClusterId,
    pub(crate) pattern: PatternId,
    pub(crate) proposal: ProposalId,
    pub(crate) conflict: ConflictId,
    pub(crate) tool: ToolVersionId,
    pub(crate) action: ActionId,
    pub(crate) lead: LeadId,
    pub(crate) goal: GoalId,
    pub(crate) conversion: ConversionId,
}

impl Planted {
    fn new() -> Self {
        let id = Uuid::now_v7;
        Self {
            workspace: id().into(),
            user: id().into(),
            member: id().into(),
            token: id().into(),
            agent: id().into(),
            version: id().into(),
            visitor: id().into(),
            conversation: id().into(),
            turn: id().into(),
            draft: id().into(),
            decision: id().into(),
            item: id().into(),
            outcome: id().into(),
            verdict: id().into(),
            release: id().into(),
            message: id().into(),
            document: id().into(),
            answer: id().into(),
            job: id().into(),
            mail: id().into(),
            delivery: id().into(),
            told: id().into(),
            subscription: id().into(),
            note: id().into(),
            canned: id().into(),
            check: id().into(),
            rehearsal: id().into(),
            rehearsal_case: id().into(),
            retrieval_version: id().into(),
            report: id().into(),
            report_link: id().into(),
            candidate: id().into(),
            pair: id().into(),
            regression_question: id().into(),
            gap: id().into(),
            cluster: id().into(),
            pattern: id().into(),
            proposal: id().into(),
            conflict: id().into(),
            tool: id().into(),
            action: id().into(),
            lead: id().into(),
            goal: id().into(),
            conversion: id().into(),
        }
    }

    /// 32 bytes that no other workspace's row has: a stand-in for the hash of a secret.
    pub(crate) fn secret(&self) -> Vec<u8> {
        self.workspace.uuid().as_bytes().repeat(2)
    }

    pub(crate) fn conversation_row(&self) -> conversation::Model {
        conversation::Model {
            id: self.conversation,
            workspace_id: self.workspace,
            agent_id: self.agent,
            visitor_id: self.visitor,
            owner: OwnerKind::Ai,
            owner_member_id: None,
            epoch: Epoch(0),
            last_seq: 1,
            delivered_seq: 0,
            created_at: AT,
            updated_at: AT,
            spam: None,
            closed_at: None,
            answer_due_at: None,
            training_consent: None,
        }
    }

    pub(crate) fn turn_row(&self) -> turn::Model {
        turn::Model {
            id: self.turn,
            workspace_id: self.workspace,
            conversation_id: self.conversation,
            number: 1,
            state: TurnState::Collecting,
            revision: 1,
            opened_at: AT,
            burst_at: AT,
            last_message_at: AT,
        }
    }

    pub(crate) fn draft_row(&self) -> draft::Model {
        draft::Model {
            id: self.draft,
            workspace_id: self.workspace,
            turn_id: self.turn,
            revision: 1,
            epoch: Epoch(0),
            agent_version_id: self.version,
            mode: AnswerMode::Quote,
            question: "When do you open?".to_owned(),
            body: "At nine.".to_owned(),
            sources: Json(Vec::new()),
            signals: Json(Signals::default()),
            screening: Json(Screening::default()),
            drafted_in_ms: 3,
            created_at: AT,
        }
    }

    pub(crate) fn item_row(&self) -> review_item::Model {
        review_item::Model {
            id: self.item,
            workspace_id: self.workspace,
            conversation_id: self.conversation,
            turn_id: self.turn,
            kind: ItemKind::Gate,
            state: ItemStatus::Open,
            revision: 1,
            draft_id: Some(self.draft),
            reasons: Json(Vec::new()),
            waiting_since: AT,
            deadline_at: AT.plus_ms(900_000),
            leased_by: Some(self.member),
            leased_until: Some(AT.plus_ms(60_000)),
            created_at: AT,
            closed_at: None,
            terms: Json(Terms::default()),
            wording: 0,
            delayed_at: None,
            rank_at: AT,
            escalated: 0,
            likeness: Some(vec![7; 32]),
            topics: Json(vec!["refunds".to_owned()]),
        }
    }

    pub(crate) fn outcome_row(&self) -> outcome::Model {
        outcome::Model {
            id: self.outcome,
            workspace_id: self.workspace,
            item_id: self.item,
            draft_id: Some(self.draft),
            kind: OutcomeKind::Approve,
            state: OutcomeStatus::Final,
            member_id: Some(self.member),
            body: Some("At nine.".to_owned()),
            remember: false,
            verdict: Some(VerdictLabel::Acceptable),
            reasons: Json(Vec::new()),
            note: None,
            created_at: AT,
            final_at: AT,
        }
    }

    pub(crate) fn release_row(&self) -> release::Model {
        release::Model {
            id: self.release,
            workspace_id: self.workspace,
            draft_id: self.draft,
            decision_id: None,
            outcome_id: Some(self.outcome),
            epoch: Epoch(0),
            salt: vec![1; 16],
            text_digest: vec![2; 32],
            created_at: AT,
        }
    }

    pub(crate) fn message_row(&self) -> message::Model {
        message::Model {
            id: self.message,
            workspace_id: self.workspace,
            conversation_id: self.conversation,
            turn_id: Some(self.turn),
            seq: 1,
            author: Author::Ai,
            member_id: None,
            body: "At nine.".to_owned(),
            client_id: Some("client-1".to_owned()),
            release_id: Some(self.release),
            epoch: Epoch(0),
            created_at: AT,
            delivered_at: None,
        }
    }

    pub(crate) fn document_row(&self, title: &str, body: &str) -> document::Model {
        document::Model {
            id: self.document,
            workspace_id: self.workspace,
            collection: "default".to_owned(),
            external_id: title.to_owned(),
            title: title.to_owned(),
            body: body.to_owned(),
            kind: DocumentKind::Faq,
            source: "faq.json".to_owned(),
            anchor: String::new(),
            position: 1,
            content_hash: vec![3; 32],
            created_at: AT,
            updated_at: AT,
            removed_at: None,
            language: Some("en".to_owned()),
            owner: None,
            expires_at: Some(AT),
            imported_hash: Some(vec![3; 32]),
        }
    }

    pub(crate) fn verdict_row(&self) -> verdict::Model {
        verdict::Model {
            id: self.verdict,
            workspace_id: self.workspace,
            draft_id: self.draft,
            outcome_id: self.outcome,
            label: VerdictLabel::Acceptable,
            reasons: Json(Vec::new()),
            created_at: AT,
        }
    }

    /// People, agent, and what they know.
    async fn plant_people(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let workspace_id = self.workspace;
        let created_at = AT;
        let expires_at = AT.plus_ms(1 << 40);
        tx.insert(workspace::Model {
            id: workspace_id,
            slug: workspace_id.to_string(),
            name: "A shop".to_owned(),
            time_zone: "UTC".to_owned(),
            gate: Json(GateState::Closed),
            settings: Json(WorkspaceSettings::default()),
            created_at,
        })
        .await?;
        tx.insert(user::Model {
            id: self.user,
            email: format!("{}@example.org", self.user),
            name: "Mia".to_owned(),
            password_hash: "none".to_owned(),
            created_at,
        })
        .await?;
        tx.insert(member::Model {
            id: self.member,
            workspace_id,
            user_id: self.user,
            role: Role::Owner,
            created_at,
            used_at: None,
        })
        .await?;
        tx.insert(setup_link::Model {
            token_hash: self.secret(),
            workspace_id,
            created_at,
            expires_at,
            used_at: None,
        })
        .await?;
        tx.insert(session::Model {
            token_hash: self.secret(),
            user_id: self.user,
            workspace_id,
            csrf_token: "csrf".to_owned(),
            created_at,
            expires_at,
        })
        .await?;
        tx.insert(token::Model {
            id: self.token,
            workspace_id,
            member_id: self.member,
            name: "a program".to_owned(),
            token_hash: self.secret(),
            scopes: Json(vec![Scope::Read]),
            created_at,
            expires_at: None,
            revoked_at: None,
        })
        .await?;
        self.plant_agent(tx).await?;
        tx.insert(visitor::Model {
            id: self.visitor,
            workspace_id,
            token_hash: self.secret(),
            created_at,
            address_mark: Some(vec![9; 8]),
        })
        .await
    }

    async fn plant_agent(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let (workspace_id, created_at) = (self.workspace, AT);
        let agent = agent::Model {
            id: self.agent,
            workspace_id,
            public_key: format!("ag_{}", self.agent),
            name: "Ada".to_owned(),
            version_id: None,
            created_at,
        };
        tx.insert(agent.clone()).await?;
        tx.insert(agent_version::Model {
            id: self.version,
            workspace_id,
            agent_id: self.agent,
            number: 1,
            settings: Json(AgentSettings::default()),
            created_at,
            publisher: None,
        })
        .await?;
        tx.update(agent::Model {
            version_id: Some(self.version),
            ..agent
        })
        .await?;
        tx.insert(policy_version::Model {
            workspace_id,
            agent_id: self.agent,
            number: 1,
            document: Json(Document::default()),
            member_id: Some(self.member),
            created_at,
        })
        .await
    }

    /// What surrounds a conversation that people look after.
    async fn plant_care(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let (workspace_id, conversation_id) = (self.workspace, self.conversation);
        tx.insert(contact::Model {
            conversation_id,
            workspace_id,
            address: "visitor@example.org".to_owned(),
            consent: "For this answer only.".to_owned(),
            mailed_seq: 0,
            left_at: AT,
        })
        .await?;
        tx.insert(return_link::Model {
            token_hash: self.secret(),
            workspace_id,
            conversation_id,
            created_at: AT,
            expires_at: AT.plus_ms(1 << 40),
            returned_at: None,
        })
        .await?;
        tx.insert(note::Model {
            id: self.note,
            workspace_id,
            conversation_id,
            member_id: self.member,
            kind: NoteKind::Whisper,
            body: "Careful.".to_owned(),
            after_seq: 1,
            created_at: AT,
        })
        .await?;
        tx.insert(canned_reply::Model {
            id: self.canned,
            workspace_id,
            shortcut: "hours".to_owned(),
            body: "At nine.".to_owned(),
            member_id: Some(self.member),
            created_at: AT,
        })
        .await?;
        tx.insert(rating::Model {
            conversation_id,
            workspace_id,
            stars: 5,
            words: None,
            created_at: AT,
        })
        .await
    }

    /// A conversation that was answered, and an item that is open all the same: a row for every table.
    #[expect(clippy::too_many_lines, reason = "a row of each table")]
    async fn plant_conversation(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let workspace_id = self.workspace;
        tx.insert(self.conversation_row()).await?;
        tx.insert(self.turn_row()).await?;
        tx.insert(self.draft_row()).await?;
        tx.insert(decision::Model {
            id: self.decision,
            workspace_id,
            draft_id: self.draft,
            kind: DecisionKind::Hold,
            reasons: Json(Vec::new()),
            policy_version: 1,
            gate: Json(GateState::Closed),
            rules: Json(Vec::new()),
            terms: Json(Terms::default()),
            confidence: Some(0.5),
            facts: Some(Json(Facts::default())),
            features: Some(Json(vec![Some(0.5), None])),
            created_at: AT,
        })
        .await?;
        tx.insert(self.item_row()).await?;
        tx.insert(approval::Model {
            id: Uuid::now_v7().into(),
            workspace_id,
            item_id: self.item,
            member_id: self.member,
            revision: 1,
            wording: 0,
            body: None,
            remember: false,
            verdict: None,
            reasons: Json(Vec::new()),
            note: None,
            created_at: AT,
            withdrawn_at: None,
        })
        .await?;
        tx.insert(assignment::Model {
            item_id: self.item,
            workspace_id,
            member_id: self.member,
            created_at: AT,
        })
        .await?;
        tx.insert(member_profile::Model {
            member_id: self.member,
            workspace_id,
            skills: Json(vec!["refunds".to_owned()]),
            available: true,
            desk: Json(serde_json::json!({})),
            last_given_at: AT,
            updated_at: AT,
        })
        .await?;
        tx.insert(self.outcome_row()).await?;
        tx.insert(self.verdict_row()).await?;
        tx.insert(shared_decision::Model {
            outcome_id: self.outcome,
            workspace_id,
            evidence_id: self.draft,
        })
        .await?;
        tx.insert(self.release_row()).await?;
        tx.insert(self.message_row()).await?;
        tx.insert(self.document_row("Opening hours", "We open at nine."))
            .await?;
        tx.insert(verified_answer::Model {
            id: self.answer,
            workspace_id,
            question: "When do you open?".to_owned(),
            answer: "At nine.".to_owned(),
            member_id: self.member,
            conversation_id: Some(self.conversation),
            outcome_id: Some(self.outcome),
            uses: 0,
            created_at: AT,
            retired_at: None,
            variants: Json(vec!["Opening hours?".to_owned()]),
            language: Some("en".to_owned()),
            owner: Some("Mia".to_owned()),
            expires_at: Some(AT),
            replaces: None,
            confirmed_at: None,
            grounded_at: None,
        })
        .await?;
        tx.put_vector(vector::Model {
            workspace_id,
            owner_id: self.document.uuid(),
            part: "whole".to_owned(),
            embedder: "scripted".to_owned(),
            content_hash: vec![3; 32],
            vector: vec![0; 8],
        })
        .await?;
        tx.put_ranking_vector(NewRankingVector {
            owner_id: self.document.uuid(),
            embedder: "scripted".to_owned(),
            collection: Some("default".to_owned()),
            content_hash: vec![3; 32],
            vector: vec![0; 8],
        })
        .await?;
        tx.insert(mail::Model {
            id: self.mail,
            workspace_id,
            mail_key: "key-1".to_owned(),
            to_address: "visitor@example.org".to_owned(),
            subject: "An answer".to_owned(),
            body_text: Some("At nine.".to_owned()),
            body_html: None,
            reply_to: None,
            conversation_id: Some(self.conversation),
            state: MailState::Queued,
            attempts: 2,
            last_error: Some("nobody answers".to_owned()),
            created_at: AT,
            next_at: Some(AT),
            ended_at: None,
            attachment: None,
        })
        .await?;
        self.plant_webhook(tx).await?;
        self.plant_evidence(tx).await?;
        self.plant_rehearsal(tx).await?;
        self.plant_tuning(tx).await?;
        self.plant_improvement(tx).await?;
        self.plant_gaps(tx).await?;
        self.plant_insight(tx).await?;
        self.plant_reports(tx).await?;
        self.plant_clusters(tx).await?;
        self.plant_answers(tx).await?;
        self.plant_actions(tx).await?;
        self.plant_engage(tx).await?;
        self.plant_care(tx).await?;
        tx.insert(job::Model {
            id: self.job,
            workspace_id,
            kind: JobKind::Draft,
            subject_id: self.conversation.uuid(),
            run_at: AT,
            attempts: 0,
            last_error: None,
        })
        .await
    }
}

impl Planted {
    async fn plant_webhook(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        tx.insert(delivery::Model {
            id: self.delivery,
            workspace_id: self.workspace,
            delivery_key: "key-1".to_owned(),
            url: "https://hooks.example/a".to_owned(),
            kind: "review.escalated".to_owned(),
            body: "{}".to_owned(),
            conversation_id: Some(self.conversation),
            state: DeliveryState::Queued,
            attempts: 2,
            last_error: Some("nobody answers".to_owned()),
            created_at: AT,
            next_at: Some(AT),
            ended_at: None,
            subscription: None,
        })
        .await?;
        tx.insert(subscription::Model {
            id: self.subscription,
            workspace_id: self.workspace,
            url: "https://hooks.example/b".to_owned(),
            note: "the shop's own system".to_owned(),
            types: Json(vec![Type::MessageCreated]),
            state: SubscriptionState::Active,
            secret: vec![6; 32],
            previous: None,
            secret_changed_at: AT,
            after_seq: 0,
            created_at: AT,
            changed_at: AT,
        })
        .await?;
        tx.watch_subscriptions_from(0).await?;
        tx.insert(delivery::Model {
            id: self.told,
            workspace_id: self.workspace,
            delivery_key: "key-2".to_owned(),
            url: "https://hooks.example/b".to_owned(),
            kind: "message.created".to_owned(),
            body: "{}".to_owned(),
            conversation_id: None,
            state: DeliveryState::Delivered,
            attempts: 1,
            last_error: None,
            created_at: AT,
            next_at: None,
            ended_at: Some(AT),
            subscription: Some(self.subscription),
        })
        .await?;
        tx.insert(delivery_attempt::Model {
            delivery_id: self.told,
            number: 1,
            workspace_id: self.workspace,
            at: AT,
            status: Some(204),
            error: None,
            duration_ms: 12,
        })
        .await?;
        tx.put_webhook_secret(webhook_secret::Model {
            workspace_id: self.workspace,
            secret: vec![5; 32],
            previous: None,
            changed_at: AT,
        })
        .await
    }
}

impl Planted {
    /// An answer that went out, was drawn, judged twice, and is asked about once more; and a test that certified nothing.
    #[expect(clippy::too_many_lines, reason = "a row of every table of the evidence")]
    async fn plant_evidence(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let workspace_id = self.workspace;
        tx.insert(evidence::Model {
            draft_id: self.draft,
            workspace_id,
            conversation_id: self.conversation,
            agent_version_id: self.version,
            month: "2026-09".to_owned(),
            mode: AnswerMode::Quote,
            score_version: 1,
            score: -2.0,
            topic: "other".to_owned(),
            is_sensitive: false,
            is_fresh: false,
            rests_on: Some(vec![8; 32]),
            is_sent: true,
            band: Some(0),
            probability: Some(0.5),
            seq: Some(1),
            is_drawn: Some(true),
            weight: Some(1.0),
            is_kept_back: true,
            left_out: false,
            label: Some(VerdictLabel::Acceptable),
            judged_by: Some(JudgedBy::Sample),
            judged_at: Some(AT),
            second_label: Some(VerdictLabel::Acceptable),
            second_at: Some(AT),
            is_changed: false,
            created_at: AT,
        })
        .await?;
        let waiting = check::Model {
            id: self.check,
            workspace_id,
            draft_id: self.draft,
            purpose: CheckPurpose::Repeat,
            place: 0.5,
            for_member: Some(self.member),
            not_for_member: None,
            not_before: AT,
            leased_by: Some(self.member),
            leased_until: Some(AT.plus_ms(1)),
            shown_at: None,
            label: None,
            reasons: Json(Vec::new()),
            note: None,
            member_id: None,
            took_ms: None,
            is_hasty: false,
            created_at: AT,
            closed_at: None,
        };
        tx.insert(check::Model {
            id: Uuid::now_v7().into(),
            purpose: CheckPurpose::Sample,
            not_for_member: Some(self.member),
            leased_by: None,
            leased_until: None,
            label: Some(VerdictLabel::Acceptable),
            member_id: Some(self.member),
            took_ms: Some(9_000),
            closed_at: Some(AT),
            ..waiting.clone()
        })
        .await?;
        tx.insert(waiting).await?;
        tx.insert(score_version::Model {
            workspace_id,
            number: 1,
            version: Json(Version::by_hand(&prior())),
            created_at: AT,
        })
        .await?;
        tx.insert(sampling_month::Model {
            workspace_id,
            month: "2026-09".to_owned(),
            draw_key: Some(self.secret()),
            commitment: vec![6; 32],
            cuts: Json(Vec::new()),
            probabilities: Json(vec![0.5]),
            requeue_probability: 0.5,
            requeue_far: None,
            requeue_middle: None,
            confidence_percent: None,
            is_exact: None,
            drawn_through: 1,
            sent: Json(vec![1]),
            opened_at: AT,
            closed_at: None,
            statement: None,
        })
        .await?;
        let rules = Rules {
            limit: 0.04,
            risk: 0.05,
            score_version: 1,
            is_corrected: false,
        };
        tx.insert(gate_epoch::Model {
            workspace_id,
            number: 1,
            month: "2026-09".to_owned(),
            began_at: AT,
            certification: Json(certify(&[], &[], &rules)),
            closed_topics: Json(Vec::new()),
            evidence_from: AT,
            score_quality: None,
        })
        .await?;
        let reach = Reach {
            mode: Mode::Verified,
            risk: -1.0,
        };
        tx.insert(certificate::Model {
            id: Uuid::now_v7().into(),
            workspace_id,
            epoch: 1,
            certificate: Json(Certificate {
                reach,
                upper: 0.03,
                estimate: 0.01,
                effective: 200.0,
                reviewed: 200,
                bad: 2,
                automation: 0.5,
                limit: 0.04,
                risk: 0.05,
                window: (1, 3),
                score_version: 1,
                is_corrected: false,
            }),
            closed_topics: Json(Vec::new()),
            issued_at: AT,
            expires_at: AT.plus_ms(1),
            ended_at: None,
            ended_because: None,
        })
        .await
    }
}

/// When everything planted happened.
pub(crate) const AT: Timestamp = Timestamp(1_790_000_000_000);

/// An entry without content.
pub(crate) fn entry() -> LogDraft {
    LogDraft::new(EventKind::WorkspaceCreated, Actor::System)
}

/// A workspace with a row in every table.
pub(crate) async fn plant(store: &Store) -> Planted {
    let planted = Planted::new();
    let done = store.write(planted.workspace, move |tx| {
        Box::pin(async move {
            planted.plant_people(tx).await?;
            planted.plant_conversation(tx).await?;
            Ok::<_, StoreError>(Change::Logged(
                (),
                entry()
                    .about("conversation", planted.conversation)
                    .with("slug", "a-shop"),
            ))
        })
    });
    done.await.unwrap();
    planted
}

/// A workspace with nothing in it but its people, its agent and a visitor.
pub(crate) async fn plant_empty(store: &Store) -> Planted {
    let planted = Planted::new();
    let done = store.write(planted.workspace, move |tx| {
        Box::pin(async move {
            planted.plant_people(tx).await?;
            Ok::<_, StoreError>(Change::Logged((), entry()))
        })
    });
    done.await.unwrap();
    planted
}

/// Adds one visitor, and nothing else: the smallest change there is.
pub(crate) async fn add_visitor(tx: &Tx<'_>, id: Uuid) -> Result<(), StoreError> {
    tx.insert(visitor::Model {
        id: id.into(),
        workspace_id: tx.workspace_id(),
        token_hash: id.as_bytes().to_vec(),
        created_at: AT,
        address_mark: None,
    })
    .await
}

/// Walks the chain of a workspace; its number of entries.
pub(crate) async fn verified_log(store: &Store, workspace: WorkspaceId) -> i64 {
    verified_log_of(store, workspace).await.unwrap().unwrap()
}

/// Walks the chain of a workspace; its number of entries, or what is wrong with it.
pub(crate) async fn verified_log_of(
    store: &Store,
    workspace: WorkspaceId,
) -> Result<Result<i64, ChainError>, StoreError> {
    let mut verifier = ChainVerifier::default();
    loop {
        let entries = store.rows(workspace).log_after(verifier.entries(), 1_000).await?;
        if entries.is_empty() {
            return Ok(Ok(verifier.entries()));
        }
        for entry in &entries {
            if let Err(broken) = verifier.accept(entry) {
                return Ok(Err(broken));
            }
        }
    }
}
