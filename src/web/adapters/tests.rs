use super::*;
use crate::web::edge::Scripted;

fn proposals(count: usize) -> Vec<Proposal> {
    let proposal = |n: usize| Proposal {
        tool_call_id: digest("test", &[&n.to_string()]),
        name: "refund".to_owned(),
        args: Map::new(),
        args_schema: None,
        description: None,
        allowed_decisions: None,
    };
    (0..count).map(proposal).collect()
}

fn approval(id: &str, status: &str) -> Value {
    json!({ "id": id, "status": status, "decision": { "type": "approve", "args_hash": "h" } })
}

async fn asks(api: &Scripted, count: usize, wait_s: u64) -> Result<Progress, Problem> {
    let (parts, ()) = http::Request::new(()).into_parts();
    put(api, &parts, &proposals(count), wait_s).await
}

#[tokio::test]
async fn nothing_is_taken_while_one_of_several_waits() {
    let api = Scripted::new(vec![(200, approval("a", "approved")), (201, approval("b", "pending"))]);
    let progress = asks(&api, 2, 0).await.unwrap();
    assert!(matches!(progress, Progress::Pending(ids) if ids == ["a", "b"]));
    assert_eq!(api.asked(), ["POST /api/v1/approvals", "POST /api/v1/approvals"]);
}

#[tokio::test]
async fn once_all_are_decided_what_was_approved_is_taken_and_nothing_else() {
    let api = Scripted::new(vec![
        (200, approval("a", "approved")),
        (200, approval("b", "rejected")),
        (200, json!({ "name": "refund", "args": {} })),
    ]);
    let Progress::Decided(decided) = asks(&api, 2, 5).await.unwrap() else {
        unreachable!("both are decided")
    };
    assert!(decided[0].run.is_some() && decided[1].run.is_none());
    assert_eq!(api.asked()[2..], ["POST /api/v1/approvals/a/consume"]);
}

#[tokio::test]
async fn what_was_given_out_is_not_given_out_again() {
    let api = Scripted::new(vec![(200, approval("a", "consumed"))]);
    assert_eq!(asks(&api, 1, 0).await.unwrap_err().status, 409);
    let api = Scripted::new(vec![
        (200, approval("a", "approved")),
        (409, json!({ "detail": "Too late." })),
    ]);
    let refused = asks(&api, 1, 0).await.unwrap_err();
    assert_eq!((refused.status.as_u16(), refused.detail.as_ref()), (409, "Too late."));
}

#[tokio::test]
async fn a_proposal_that_is_refused_takes_those_before_it_back_unless_they_were_there() {
    let refused = json!({ "detail": "The arguments are too large." });
    let api = Scripted::new(vec![
        (200, approval("a", "pending")),
        (201, approval("b", "pending")),
        (422, refused),
        (200, json!({})),
    ]);
    let problem = asks(&api, 3, 0).await.unwrap_err();
    assert_eq!(
        (problem.status.as_u16(), problem.detail.as_ref()),
        (422, "The arguments are too large.")
    );
    assert_eq!(api.asked()[3..], ["POST /api/v1/approvals/b/cancel"]);
}

#[test]
fn ids_of_different_texts_differ_wherever_they_are_cut() {
    assert_eq!(digest("x", &["a", "b"]), digest("x", &["a", "b"]));
    assert_ne!(digest("x", &["a", "b"]), digest("x", &["ab", ""]));
    assert_eq!(Wait { wait_s: 600 }.seconds(), 60);
}
