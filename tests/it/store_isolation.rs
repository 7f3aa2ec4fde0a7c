//! A workspace sees only its own rows (invariant 9). Two workspaces have a row in every table; each asks for everything.
//!
//! A new table or a new query without its line here fails a test, so that it cannot be forgotten.
#![expect(
    clippy::large_types_passed_by_value,
    reason = "ids of planted rows are copied like ids"
)]

use super::store_bench::{AT, Planted, on_both, plant, verified_log};
use holdpoint::domain::action::ActionStatus;
use holdpoint::domain::ids::WorkspaceId;
use holdpoint::domain::improve::candidate::CandidateState;
use holdpoint::domain::improve::gap::{GapState, ProposalState};
use holdpoint::domain::insight::{Day, Mark, PatternState, Period};
use holdpoint::domain::log::EventKind;
use holdpoint::domain::report::ReportKind;
use holdpoint::domain::review::OutcomeKind;
use holdpoint::store::entity::{
    Scoped, action, agent, agent_version, answer_candidate, answer_conflict, answer_source, answer_use, answer_watch,
    approval, assignment, candidate, candidate_case, candidate_change, candidate_text, canned_reply, certificate,
    check, cluster, cluster_watch, comparison_pair, contact, conversation, conversion, correction, decision, delivery,
    delivery_attempt, document, draft, evidence, gap, gap_proposal, gap_question, gap_watch, gate_epoch, goal, insight,
    insight_mark, insight_watch, job, lead, lead_occurrence, log_entry, mail, member, member_profile, message, note,
    outcome, pattern, policy_version, program_conversation, ranking_vector, rating, regression_question, rehearsal,
    rehearsal_case, release, report, report_link, report_logo, retrieval_version, return_link, review_item,
    sampling_month, score_version, secret, shared_decision, subscription, subscription_watch, tally, token,
    tool_version, turn, turn_cluster, vector, verdict, verified_answer, visitor, webhook_secret,
};
use holdpoint::store::{
    ActionFilter, AnswerFilter, Asker, ConversionFilter, DeliveryFilter, JobKind, LeadFilter, Made, QueueFilter, Store,
};
use sea_orm::{DatabaseConnection, EntityName, FromQueryResult};
use std::collections::BTreeSet;

/// The workspaces whose rows a query over one workspace returns.
async fn workspaces_in<E: Scoped + EntityName + Default>(
    raw: &DatabaseConnection,
    asked: WorkspaceId,
    workspace_of: fn(E::Model) -> WorkspaceId,
) -> (String, BTreeSet<WorkspaceId>)
where
    E::Model: FromQueryResult,
{
    let rows: Vec<E::Model> = E::of(asked).all(raw).await.unwrap();
    let table = E::default().table_name().to_owned();
    (table, rows.into_iter().map(workspace_of).collect())
}

/// The planted member at the desk of checks.
const fn asker_of(planted: Planted) -> Asker {
    Asker {
        member: planted.member,
        is_alone: true,
        now: AT,
    }
}

macro_rules! scoped_tables {
    ($raw:expr, $asked:expr; $($table:ident),+ $(,)?) => {
        vec![$(workspaces_in::<$table::Entity>($raw, $asked, |row| row.workspace_id).await),+]
    };
}

/// Tables that belong to no workspace, or are asked by a secret's hash to find out which one it is.
const NOT_SCOPED: [&str; 8] = [
    "workspaces",
    "users",
    "sessions",
    "setup_links",
    "model_checks",
    "models",
    "models_in_use",
    "seaql_migrations",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_table_shows_a_workspace_its_own_rows_and_no_others() {
    on_both(async |bench| {
        let store = bench.store().await;
        let (ours, _theirs) = (plant(&store).await, plant(&store).await);
        let found = scoped_tables!(&bench.raw, ours.workspace;
            agent, agent_version, approval, assignment, candidate, candidate_case, candidate_change, candidate_text, comparison_pair, regression_question, canned_reply, contact, conversation, decision, delivery, delivery_attempt, document, draft, job,
            log_entry, mail, member, member_profile, message, note, outcome, policy_version, program_conversation, ranking_vector, rating, rehearsal, rehearsal_case, release, report, report_link, report_logo, retrieval_version, return_link,
            review_item, shared_decision, subscription, subscription_watch, token, turn, vector, verdict, verified_answer, visitor, webhook_secret,
            certificate, check, evidence, gate_epoch, sampling_month, score_version, gap, gap_question, gap_proposal, gap_watch, insight, insight_mark, insight_watch, tally, correction, answer_candidate, answer_conflict, answer_source, answer_use, answer_watch, action, lead, secret, tool_version, lead_occurrence, goal, conversion, cluster, cluster_watch, turn_cluster, pattern);
        for (table, workspaces) in &found {
            assert_eq!(workspaces, &BTreeSet::from([ours.workspace]), "{table}");
        }
        for table in bench.tables().await {
            let covered = found.iter().any(|(name, _)| *name == table);
            let excused = NOT_SCOPED.contains(&table.as_str()) || table.starts_with("documents_search");
            assert!(covered || excused, "the table {table} is not looked at by this test");
        }
    })
    .await;
}

/// All days.
fn ever() -> Period {
    Period {
        first: Day::from_number(0),
        last: Day::from_number(60_000),
    }
}

/// Asks every public query of [`Rows`] as `asker` for what is `theirs`; whatever is answered comes back as text.
///
/// [`Rows`]: holdpoint::store::Rows
#[expect(clippy::too_many_lines, reason = "a list, one entry a query")]
async fn everything_asked(store: &Store, asker: WorkspaceId, theirs: Planted) -> Vec<(&'static str, String)> {
    let rows = store.rows(asker);
    let mut answers: Vec<(&'static str, String)> = Vec::new();
    macro_rules! ask {
        ($($name:ident($($argument:expr),*);)+) => {$(
            let answer = rows.$name($($argument),*).await.unwrap();
            answers.push((stringify!($name), format!("{answer:?}")));
        )+};
    }
    ask! {
        agent(theirs.agent);
        agent_version(theirs.version);
        conversation(theirs.conversation);
        turn(theirs.turn);
        message(theirs.message);
        draft(theirs.draft);
        item(theirs.item);
        outcome(theirs.outcome);
        release(theirs.release);
        member(theirs.member);
        visitor(theirs.visitor);
        token_row(theirs.token);
        agents();
        newest_version(theirs.agent);
        agent_versions(theirs.agent, None, 9);
        has_drafted(theirs.agent);
        collections();
        conversations(None, 100);
        longest_waiting(100);
        conversation_of_visitor(theirs.visitor);
        latest_turn(theirs.conversation);
        messages_after(theirs.conversation, 0);
        last_message(theirs.conversation);
        visitor_messages(theirs.turn);
        message_by_client_id(theirs.conversation, "client-1");
        open_item(theirs.conversation);
        queue(&QueueFilter::default(), None, 100);
        queue_count(&QueueFilter::default());
        queue_length();
        late_items(AT.plus_ms(1 << 40));
        conversations_begun(AT, None);
        written_since(AT);
        mails_left_since(AT);
        recently_decided(100);
        outcomes_of(theirs.item);
        decided_before(theirs.member, uuid::Uuid::max().into(), AT.plus_ms(1));
        standing_outcome(theirs.item);
        drafts_of_turns(&[theirs.turn]);
        turns_of(theirs.conversation);
        items_of(theirs.conversation);
        decision_of(theirs.draft);
        release_of(theirs.draft);
        verdict_of(theirs.outcome);
        final_outcomes(OutcomeKind::Approve);
        policy_version(theirs.agent, 1);
        newest_policy(theirs.agent);
        policy_versions(theirs.agent, None, 100);
        decided_since(None, AT, 100);
        conversation_number(theirs.agent, theirs.conversation, 100);
        approvals_of(theirs.item);
        assignments_of(&[theirs.item]);
        assignments();
        unassigned_items(100);
        profiles();
        profile(theirs.member);
        waiting_from(&[9; 8]);
        alike(&[7; 32], 100);
        decided_together(theirs.outcome);
        spam(None, 100);
        document(theirs.document);
        documents(None, 100);
        document_count();
        documents_of_source("default", "faq.json");
        document_named(("default", "faq.json", "Opening hours"));
        sources(None);
        documents_to_expire(AT, 100);
        next_expiry();
        expired_documents(AT, 100);
        verified_answer(theirs.answer);
        verified_answers();
        documents_of(&[theirs.document]);
        verified_answers_of(&[theirs.answer]);
        documents_without_vectors("another", None, 100);
        verified_answers_without_vectors("another", None, 100);
        ranking_vectors("scripted", 0, 100);
        ranking_vector_count("scripted");
        ranking_vector_numbers("scripted");
        vectors_of(&[theirs.document.uuid()], "scripted");
        documents_with_words("opening hours", 100);
        workspace();
        members();
        member_name(theirs.member);
        tokens();
        log_after(0, 100);
        log_before(None, 100);
        log_of_kinds(&[EventKind::WorkspaceCreated], theirs.conversation, AT, 100);
        log_head();
        mail(theirs.mail);
        mail_of_key("key-1");
        mails(None, 100);
        delivery(theirs.delivery);
        delivery_of_key("key-1");
        deliveries(DeliveryFilter { subscription: Some(theirs.subscription), state: None }, None, 100);
        delivery_attempts(theirs.told, 100);
        subscription(theirs.subscription);
        subscriptions();
        subscription_watch();
        deliveries_ended_before(AT.plus_ms(1), 100);
        log_of_kinds_after(&[EventKind::WorkspaceCreated], 0, AT.plus_ms(-1), 100);
        failing_mails(AT);
        failing_deliveries(AT);
        webhook_secret();
        action(theirs.action);
        action_of_key("key-1");
        actions(&ActionFilter::default(), None, 100);
        actions_waiting(None, 100);
        action_count(&ActionFilter { statuses: vec![ActionStatus::Waiting], ..ActionFilter::default() });
        actions_since("call_back", AT);
        tool_version(theirs.tool);
        newest_tool("call_back");
        tools();
        secret("shop");
        secrets();
        lead(theirs.lead);
        leads(LeadFilter::default(), None, 100);
        lead_of_contact("mailto:ann@example.org");
        lead_occurrences(theirs.lead, 100);
        lead_count_since(AT);
        goal(theirs.goal);
        goals();
        conversion_of(theirs.goal, theirs.conversation);
        conversion_of_order("A7");
        conversions(ConversionFilter { goal: Some(theirs.goal), conversation: Some(theirs.conversation), from: None, before: None }, None, 100);
        conversion_count_since(AT);
        goal_sums(AT, AT.plus_ms(1));
        last_word(theirs.conversation, AT.plus_ms(60_000));
        contacts_at("visitor@example.org", 100);
        in_progress(AT);
        first_words_since(AT);
        program_conversation(theirs.conversation);
        program_conversation_named(theirs.token, "key-1");
        program_conversations_asking(theirs.token, &[6; 32], AT, 100);
        program_of(theirs.conversation);
        contact(theirs.conversation);
        rating(theirs.conversation);
        notes_of(theirs.conversation);
        canned_replies();
        canned_reply(theirs.canned);
        return_link(&theirs.secret());
        newest_score();
        score_version(1);
        verdicts_on(theirs.agent, &[8; 32], 100);
        newest_graded(None);
        count_changed();
        count_policies();
        evidence(theirs.draft);
        evidence_made(Made::Since(AT), None, 100);
        evidence_made(Made::In("2026-09"), None, 100);
        unjudged_of_month("2026-09");
        waits_for_second("2026-09");
        month_cells("2026-09", AT.plus_ms(1));
        topic_cells(AT, AT.plus_ms(1));
        load_of_month("2026-09");
        drafts_of_month("2026-09", true, None);
        conversations_since(AT);
        newest_verdicts();
        verdicts_between(AT, AT.plus_ms(1));
        verdicts_since(AT);
        sampled_since(AT);
        sent_between(AT.plus_ms(-1), AT.plus_ms(1));
        judged();
        decisions_on(&[theirs.draft]);
        sampling_month("2026-09");
        sampling_months();
        checks_of(theirs.draft);
        last_epoch();
        epochs(100);
        certificate_in_force();
        certificates(100);
        final_outcome_of(theirs.draft);
        decided_outcomes(None, 100);
        check(theirs.check);
        open_checks();
        judged_checks_of(&[theirs.draft]);
        checks_judged_since(AT);
        checks_of_reviewers_since(AT);
        agreed_before(AT.plus_ms(1), AT.plus_ms(-1), 100);
        waiting_checks_of(&[theirs.draft]);
        checks_waiting(asker_of(theirs));
        first_check(asker_of(theirs));
        checks_heard_before(asker_of(theirs));
        leased_check(asker_of(theirs));
        evidence_of(&[theirs.draft]);
        rehearsal(theirs.rehearsal);
        rehearsals(None, 100);
        rehearsal_case(theirs.rehearsal_case);
        rehearsal_cases(theirs.rehearsal);
        next_to_rehearse(theirs.rehearsal);
        next_rehearsed(theirs.rehearsal);
        last_rehearsed_by(theirs.rehearsal, theirs.member);
        rehearsal_counts(theirs.rehearsal);
        judged_in_the_queue(100);
        drafts_of(&[theirs.draft]);
        verdicts_of(&[theirs.draft]);
        newest_retrieval_number();
        retrieval_versions(100);
        retrieval_version(theirs.retrieval_version);
        retrieval_in_use();
        candidate(theirs.candidate);
        proposal_of_candidate(theirs.candidate);
        open_gap_count();
        candidates(None, 100);
        candidates_in(CandidateState::Waiting);
        newest_candidate_number();
        candidate_of_run("run");
        last_publication();
        candidate_changes(theirs.candidate);
        first_candidate_changes(theirs.candidate, 20);
        next_candidate_changes(theirs.candidate, false, 20);
        candidate_cases(theirs.candidate);
        candidate_texts(theirs.candidate);
        next_candidate_text(theirs.candidate);
        candidate_text_counts(theirs.candidate);
        comparison_pairs(theirs.candidate);
        comparison_pair(theirs.pair);
        regression_question(theirs.regression_question);
        regression_questions(100);
        regression_question_count();
        newest_drafts(100);
        document_or_removed(theirs.document);
        gap(theirs.gap);
        gaps(&[GapState::Open], None, 100);
        gaps_of_embedder("mini");
        gaps_of_other_embedders("another");
        moved_gaps(100);
        gap_questions(theirs.gap, 100);
        gap_questions_of(theirs.conversation);
        gap_questions_to_place(None, 100);
        gap_questions_to_embed("another", 100);
        gap_visitors(theirs.gap);
        proposal(theirs.proposal);
        proposals_of(theirs.gap);
        proposals(ProposalState::Waiting, None, 100);
        gap_watch();
        cluster(theirs.cluster);
        clusters();
        questions_to_embed(100);
        questions_held();
        questions_of_clusters(&[theirs.cluster], 100);
        questions_of_conversations(&[theirs.conversation]);
        waiting_questions();
        cluster_watch();
        pattern(theirs.pattern);
        patterns(&[PatternState::Open], 100);
        insight_watch();
        report(theirs.report);
        report_of_period(ReportKind::Digest, "2026-05-04");
        reports(None, 100);
        report_link(theirs.report_link);
        report_links(theirs.report);
        report_logo();
        leads_between(AT, AT.plus_ms(1));
        insights_of(&[theirs.conversation]);
        insights_due(AT, 100);
        next_insight_due();
        insights(ever(), None, None, 100);
        tallies(ever(), None);
        tallies_by_day(ever(), None);
        tallies_by_version(ever(), None);
        marked(&Mark::Conversations, ever(), None, None, 100);
        count_marked(&Mark::Conversations, ever(), None);
        conversation_of_check(theirs.check);
        stories(&[theirs.conversation]);
        correction_of(theirs.outcome);
        said_elsewhere("At nine.", uuid::Uuid::max().into(), 100);
        conversations_among(&[theirs.conversation]);
        contacts_among(&[theirs.conversation]);
        answers(&AnswerFilter::default(), None, 100);
        settled(&[theirs.draft], AT);
        verified_answer_count();
        answers_to_expire(AT, 100);
        next_answer_expiry();
        answers_to_ground(100);
        sources_of_answer(theirs.answer);
        sources_that_changed(100);
        conflict(theirs.conflict);
        open_conflicts(100);
        conflicts_of(theirs.answer);
        is_in_conflict(theirs.answer);
        uses_of_answers(&[theirs.answer], 100);
        candidates_of_answers(&[theirs.answer]);
        replacements_of(theirs.answer);
        newest_ranking_number("scripted");
        answer_watch();
        is_scheduled(JobKind::Draft, theirs.conversation);
        is_newest_job(theirs.job);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn no_query_of_a_workspace_answers_with_another_ones_rows() {
    on_both(async |bench| {
        let store = bench.store().await;
        let (ours, theirs) = (plant(&store).await, plant(&store).await);
        let foreign = theirs.workspace.to_string();
        // Counts and numbers tell nothing by themselves: they are those of a workspace with one row in every table.
        for (query, answer) in Box::pin(everything_asked(&store, ours.workspace, theirs)).await {
            assert!(!answer.contains(&foreign), "{query} answers with {answer}");
        }
        // The same questions about one's own rows find them, so that the silence above means something.
        let own = ours.workspace.to_string();
        let silent = [
            "visitor_messages",
            "recently_decided",
            "unassigned_items",
            "spam",
            "unjudged_of_month",
            "waits_for_second",
            "month_cells",
            "topic_cells",
            "load_of_month",
            "newest_verdicts",
            "checks_heard_before",
            "leased_check",
            "decided_before",
            "final_outcome_of",
            "rehearsal_counts",
            // What is planted was judged as a check: it teaches nothing.
            "judged_in_the_queue",
            "retrieval_in_use",
            "settled",
            // Counted: one is to be written.
            "candidate_text_counts",
            "count_changed",
            "ranking_vectors",
            // What is planted waits.
            "last_publication",
            // Names, and no ids.
            "sources",
            // What is planted has its gap.
            "gap_questions_to_place",
            // A moment, and what was taken out: what is planted is still there.
            "next_expiry",
            "next_answer_expiry",
            "expired_documents",
            // A name that is the same everywhere.
            "collections",
            "newest_ranking_number",
            // How many.
            "leads_between",
            // What is planted has its cluster.
            "questions_to_embed",
            "waiting_questions",
            // Sums, days and ids of conversations.
            "insights_due",
            "next_insight_due",
            "tallies",
            "tallies_by_day",
            "tallies_by_version",
            "marked",
            "conversation_of_check",
            // Counted: what is planted was not written by the LLM, and has not left.
            "written_since",
            "mails_left_since",
            // What is planted says where it was read up to, and what took nobody's place.
            "replacements_of",
            // Sums and moments.
            "goal_sums",
            "last_word",
            "in_progress",
            "first_words_since",
        ];
        for (query, answer) in Box::pin(everything_asked(&store, ours.workspace, ours)).await {
            let number = answer
                .trim_matches(['[', ']'])
                .parse::<i64>()
                .is_ok_and(|number| number == 1);
            let named = query == "member_name" && answer.contains("Mia")
                || query == "program_of" && answer.contains("a program");
            let counted = answer.starts_with("Failing { count: 1, since: Some") || answer == "true";
            assert!(
                answer.contains(&own) || number || named || counted || silent.contains(&query),
                "{query} answers {answer}"
            );
        }
        assert_eq!(verified_log(&store, ours.workspace).await, 1);

        // Nobody's workspace sees nothing at all.
        let nobody = WorkspaceId::from(uuid::Uuid::now_v7());
        for (query, answer) in Box::pin(everything_asked(&store, nobody, theirs)).await {
            assert!(
                [
                    "None",
                    "[]",
                    "0",
                    "{}",
                    "false",
                    "(0, 0)",
                    "(0, 0, 0)",
                    "(None, None, 0)",
                    "InProgress { ai: 0, person: 0, waiting: 0 }",
                    "Failing { count: 0, since: None }"
                ]
                .contains(&answer.as_str())
                    // Many lists in one.
                    || query == "stories" && !answer.contains("Model {"),
                "{query} answers {answer}"
            );
        }
    })
    .await;
}

#[test]
fn every_query_of_a_workspace_is_asked_by_this_test() {
    let sources = [
        include_str!("../../src/store/conversations.rs"),
        include_str!("../../src/store/knowledge.rs"),
        include_str!("../../src/store/verified.rs"),
        include_str!("../../src/store/global.rs"),
        include_str!("../../src/store/log.rs"),
        include_str!("../../src/store/policy.rs"),
        include_str!("../../src/store/team.rs"),
        include_str!("../../src/store/mails.rs"),
        include_str!("../../src/store/webhooks.rs"),
        include_str!("../../src/store/care.rs"),
        include_str!("../../src/store/failing.rs"),
        include_str!("../../src/store/evidence.rs"),
        include_str!("../../src/store/evidence_counts.rs"),
        include_str!("../../src/store/quality_checks.rs"),
        include_str!("../../src/store/rehearsals.rs"),
        include_str!("../../src/store/tuning.rs"),
        include_str!("../../src/store/candidates.rs"),
        include_str!("../../src/store/comparisons.rs"),
        include_str!("../../src/store/gaps.rs"),
        include_str!("../../src/store/clusters.rs"),
        include_str!("../../src/store/corrections.rs"),
        include_str!("../../src/store/answers.rs"),
        include_str!("../../src/store/actions.rs"),
        include_str!("../../src/store/leads.rs"),
        include_str!("../../src/store/engage.rs"),
        include_str!("../../src/store/jobs.rs"),
    ];
    let asked = include_str!("store_isolation.rs");
    let mut queries = 0;
    for source in sources {
        // `Store` and `Tx` have methods of their own; `Rows` and the table of look-ups by id are meant here.
        let mut of_rows = false;
        for line in source.lines() {
            if line.starts_with("impl") || line.starts_with("by_id!") {
                of_rows = line.starts_with("impl Rows<'_>") || line.starts_with("by_id!");
            }
            let name = line
                .trim_start()
                .strip_prefix("pub async fn ")
                .or_else(|| line.contains(") -> ").then_some(line.trim_start()))
                // A part of other queries.
                .filter(|rest| !rest.starts_with("pub(super)"))
                .and_then(|rest| rest.split_once('('))
                .map(|(name, _)| name);
            let Some(name) = name.filter(|name| {
                of_rows
                    && !line.trim_start().starts_with("pub(")
                    && !name.is_empty()
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            }) else {
                continue;
            };
            queries += 1;
            assert!(
                asked.contains(&format!("        {name}(")),
                "the query {name} is not asked by this test"
            );
        }
    }
    assert!(queries >= 50, "only {queries} queries were found");
}
