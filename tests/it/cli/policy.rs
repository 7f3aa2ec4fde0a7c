//! The owner's rules and the gate on the command line.

use super::Holdpoint;

const POLICY: &str = "[[topic]]\nname = \"opening hours\"\nwords = [\"open\"]\n\n[[rule]]\nname = \"Sure only\"\nwhen = { topic = \"opening hours\", confidence_below = 0.8 }\nthen = \"hold\"\n";

#[test]
fn a_policy_is_checked_tried_applied_shown_and_compared() {
    let holdpoint = Holdpoint::set_up();
    let file = holdpoint.file("policy.toml", POLICY);
    let file = file.to_str().unwrap();
    assert!(
        holdpoint
            .done(&["policy", "show"])
            .contains("only what is built in decides")
    );
    assert!(
        holdpoint
            .done(&["policy", "check", file])
            .starts_with("Nothing is wrong with it.")
    );
    let tried = holdpoint.json(&["policy", "apply", file, "--dry-run", "--days", "7"]);
    assert_eq!(
        (tried["drafts"].as_i64(), tried["days_considered"].as_i64()),
        (Some(0), Some(7))
    );
    assert!(
        holdpoint
            .done(&["policy", "versions"])
            .contains("There is no policy yet")
    );

    assert_eq!(
        holdpoint.done(&["policy", "apply", file]),
        "Version 1 is in force for Assistant.\n"
    );
    assert!(holdpoint.done(&["policy", "show"]).ends_with(POLICY));
    let again = holdpoint.says(&["policy", "apply", "-"], &POLICY.replace("0.8", "0.9"));
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert_eq!(
        holdpoint.json(&["policy", "versions"])["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let diff = holdpoint.done(&["policy", "diff"]);
    assert!(
        diff.contains("-when = { topic = \"opening hours\", confidence_below = 0.8 }"),
        "{diff}"
    );
}

#[test]
fn a_policy_with_mistakes_is_refused_line_by_line_and_the_exit_code_says_so() {
    let holdpoint = Holdpoint::set_up();
    let wrong = POLICY.replace("0.8", "0.0").replace("\"hold\"", "\"send\"");
    let file = holdpoint.file("policy.toml", &wrong);
    let file = file.to_str().unwrap();
    let checked = holdpoint.run(&["policy", "check", file]);
    assert_eq!(checked.status.code(), Some(7), "{checked:?}");
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains("line 7: ") && said.contains("line 8: "), "{said}");
    let applied = holdpoint.run(&["policy", "apply", file]);
    assert_eq!(applied.status.code(), Some(1), "{applied:?}");
    let said = String::from_utf8(applied.stderr).unwrap();
    assert!(
        said.contains("nothing was changed") && said.contains("line 8: "),
        "{said}"
    );
    assert_eq!(holdpoint.json(&["policy", "show"])["version"], 0);
}

#[test]
fn a_topic_is_released_by_somebody_with_a_name_and_closed_again() {
    let holdpoint = Holdpoint::set_up();
    let file = holdpoint.file("policy.toml", POLICY);
    holdpoint.done(&["policy", "apply", file.to_str().unwrap()]);
    assert!(
        holdpoint
            .done(&["gate", "show"])
            .contains("Topics that could be released: opening hours")
    );
    let nobody = holdpoint.run(&["gate", "release", "opening hours"]);
    assert_eq!(nobody.status.code(), Some(6), "{nobody:?}");
    let reviewer = holdpoint.run(&["gate", "release", "opening hours", "--as", "mia@bakery.example"]);
    assert_eq!(reviewer.status.code(), Some(6), "a reviewer is no owner: {reviewer:?}");
    let ada = [
        "admin",
        "member",
        "add",
        "ada@bakery.example",
        "--name",
        "Ada",
        "--role",
        "owner",
    ];
    assert_eq!(holdpoint.says(&ada, "a long password\n").status.code(), Some(0));
    let released = holdpoint.done(&["gate", "release", "opening hours", "--as", "ada@bakery.example"]);
    assert!(released.contains("“opening hours”, released by Ada on "), "{released}");
    assert_eq!(holdpoint.json(&["gate", "close"])["state"], "closed");
}
