//! The demo's half year: built by the application itself, the same every time, and served like any other data directory.

use super::{Holdpoint, sentence};
use crate::app::{Client, tcp_client};
use serde_json::{Value, json};

/// The end of the story, so that it is the same on every day.
const UNTIL: [&str; 2] = ["--until", "2026-11-20T18:00:00Z"];
const SMALL: [&str; 4] = ["demo", "--size", "small", "--only-build"];

fn build(holdpoint: &Holdpoint, months: &str, more: &[&str]) -> Value {
    holdpoint.json(&[&SMALL, ["--months", months].as_slice(), &UNTIL, more].concat())
}

fn businesses(report: &Value) -> &[Value] {
    report["businesses"].as_array().unwrap()
}

/// The owner of the first business in a browser.
async fn signed_in(address: &str, report: &Value) -> Client {
    let anyone = tcp_client(address.trim_start_matches("http://").parse().unwrap());
    let wish = json!({ "email": businesses(report)[0]["owner"], "password": report["password"] });
    let answer = anyone.post("/api/v1/login", &wish).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    answer.ok();
    anyone.with("Cookie", &cookie).with("Accept", "text/html")
}

/// Every page that is not about one thing.
const PAGES: [&str; 23] = [
    "/live",
    "/analyse",
    "/analyse/topics",
    "/analyse/goals",
    "/queue",
    "/conversations",
    "/checks",
    "/knowledge",
    "/knowledge/verified",
    "/agents",
    "/actions",
    "/actions/leads",
    "/quality",
    "/quality/answers",
    "/improve",
    "/rehearsal",
    "/log",
    "/settings/models",
    "/settings/policy",
    "/settings/team",
    "/settings/tools",
    "/settings/webhooks",
    "/settings/replies",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_year_passes_and_every_page_shows_it() {
    let holdpoint = Holdpoint::new();
    let report = build(&holdpoint, "6", &[]);
    let slugs: Vec<&str> = businesses(&report)
        .iter()
        .map(|one| one["workspace"].as_str().unwrap())
        .collect();
    assert_eq!(slugs, ["demo", "lindenhof", "saltmarsh"]);
    let total = report["conversations"].as_u64().unwrap();
    assert!((1_000..=1_500).contains(&total), "{total}");
    for one in businesses(&report) {
        let months = one["months"].as_array().unwrap();
        assert_eq!(months.len(), 6);
        assert!(
            months.iter().all(|month| month["conversations"].as_u64().unwrap() > 5),
            "{one}"
        );
        let log = holdpoint.json(&["log", "verify", "--workspace", one["workspace"].as_str().unwrap()]);
        assert_eq!((&log["ok"], &log["head"]), (&json!(true), &one["log"]["head"]), "{log}");
    }
    let shop = &businesses(&report)[0];
    let at = |name: &str| shop["chapters"][name].as_i64();
    assert!(
        at("opens_at") < at("launched_at") && at("launched_at") < at("mistaken_at"),
        "{shop}"
    );
    assert!(
        at("mistaken_at").is_some() && at("mistaken_at") < at("corrected_at"),
        "{shop}"
    );

    let running = holdpoint.start(&["demo", "--port", "0"]);
    let console = running.answer["console"].as_str().unwrap();
    let owner = signed_in(console.trim_end_matches("/login"), &report).await;
    for path in PAGES {
        let answer = owner.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    let listed = owner.get("/api/v1/conversations?limit=50").await.ok();
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(listed.len(), 50);
    for conversation in listed {
        let id = conversation["id"].as_str().unwrap();
        assert_eq!(owner.get(&format!("/conversations/{id}")).await.status, 200);
    }
}

#[test]
#[ignore = "the limits of the small story are being tuned: with 15 % the gate was closed by a test before the alarm"]
fn the_drift_alarm_catches_what_went_wrong_in_month_four() {
    let report = build(&Holdpoint::new(), "6", &[]);
    let shop = &businesses(&report)[0];
    let months = shop["months"].as_array().unwrap().iter();
    let sent: u64 = months.filter_map(|month| month["sent_alone"].as_u64()).sum();
    assert!(sent > 50, "earned by verdicts: {shop}");
    let at = |name: &str| shop["chapters"][name].as_i64();
    assert!(
        at("alarmed_at").is_some() && at("mistaken_at") < at("alarmed_at"),
        "{shop}"
    );
    assert!(at("alarmed_at") <= at("corrected_at"), "{shop}");
}

#[test]
fn the_same_seed_and_end_make_the_same_logs_and_another_seed_others() {
    let heads = |more: &[&str]| {
        let report = build(&Holdpoint::new(), "1", more);
        businesses(&report)
            .iter()
            .map(|one| one["log"].clone())
            .collect::<Vec<_>>()
    };
    let first = heads(&[]);
    assert_eq!(first, heads(&[]));
    assert_ne!(first, heads(&["--seed", "9"]));
}

#[test]
fn it_is_built_where_nothing_is_and_nothing_is_left_of_what_was_interrupted() {
    let holdpoint = Holdpoint::set_up();
    let refused = holdpoint.run(&[&SMALL, ["--months", "1"].as_slice()].concat());
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(sentence(&refused).contains("there is a database"), "{refused:?}");

    let empty = Holdpoint::new();
    let mut child = empty
        .command(&[&SMALL, ["--months", "6"].as_slice()].concat())
        .spawn()
        .unwrap();
    let building = empty.data_dir().join("database.building");
    while !building.join("holdpoint.db").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!empty.data_dir().join("holdpoint.db").exists());
    let report = build(&empty, "1", &[]);
    assert!(report["conversations"].as_u64().unwrap() > 20, "{report}");
    assert!(!building.exists());
}
