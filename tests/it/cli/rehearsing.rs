//! `rehearse`: questions of the past on the command line.

use super::{Holdpoint, models, sentence};

const CHATS: &str = "{\"question\": \"When do you open?\", \"answer\": \"At eight.\"}\n\
    {\"messages\": [{\"role\": \"user\", \"content\": \"Do you ship glass to the moon?\"}, {\"role\": \"assistant\", \"content\": \"No.\"}]}\n\
    cut off\n";

#[test]
fn without_a_server_a_rehearsal_is_stored_and_says_what_comes_next() {
    let holdpoint = Holdpoint::set_up();
    assert!(
        holdpoint
            .done(&["rehearse", "list"])
            .contains("There is no rehearsal yet")
    );
    let none = holdpoint.run(&["rehearse", "show"]);
    assert_eq!(
        (none.status.code(), sentence(&none).contains("rehearse FILE")),
        (Some(3), true)
    );

    let file = holdpoint.file("chats.jsonl", CHATS);
    let output = holdpoint.run(&["rehearse", file.to_str().unwrap(), "--limit", "1"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (told, hints) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(
        told.contains("0 of 1 question drafted") && told.contains("holdpoint serve"),
        "{told}"
    );
    assert!(
        hints.contains("Row 3 was left out") && hints.contains("1 left out: more than the limit"),
        "{hints}"
    );
    let list = holdpoint.done(&["rehearse", "list"]);
    assert!(list.contains("chats.jsonl"), "{list}");
    let sheet = holdpoint.json(&["rehearse", "show"]);
    assert_eq!(sheet["counts"]["not_drafted"], 1);
    assert!(
        holdpoint
            .done(&["rehearse", "show", sheet["rehearsal"]["id"].as_str().unwrap()])
            .contains("not drafted yet")
    );
}

#[test]
fn what_cannot_be_rehearsed_is_refused_in_one_sentence() {
    let holdpoint = Holdpoint::set_up();
    let prices = holdpoint.file("prices.csv", "name,price\nBell,7\n");
    for (arguments, code, says) in [
        (vec!["rehearse", "nowhere.csv"], 3, "cannot be read"),
        (vec!["rehearse", prices.to_str().unwrap()], 1, "JSON Lines"),
        (vec!["rehearse", "--limit", "3"], 2, "rehearse FILE"),
        (
            vec!["rehearse", "show", "01981b2e-7c1a-7000-8000-000000000000"],
            3,
            "rehearsal",
        ),
    ] {
        let output = holdpoint.run(&arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        assert!(sentence(&output).contains(says), "{output:?}");
    }
}

#[test]
fn with_a_server_the_drafts_are_awaited_and_the_sheet_printed() {
    let Some(models) = models() else { return };
    let holdpoint = Holdpoint::set_up();
    let knowledge = holdpoint.file("hours.md", "# When do you open?\n\nWe open at eight.\n");
    holdpoint.done(&["kb", "import", knowledge.to_str().unwrap()]);
    let _server = holdpoint.start(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--models-dir",
        models.to_str().unwrap(),
    ]);
    let file = holdpoint.file("chats.jsonl", CHATS);
    let drafted = holdpoint.json(&["rehearse", file.to_str().unwrap()]);
    assert_eq!(
        (&drafted["progress"]["state"], &drafted["progress"]["not_drafted"]),
        (&"judging".into(), &0.into())
    );
    assert_eq!(drafted["progress"]["not_judged"], 1, "{drafted:#}");
    let told = holdpoint.done(&["rehearse", "show"]);
    for part in [
        "All 2 questions drafted; 0 of 1 answer judged.",
        "would have answered 1 of 2 questions",
        "What is missing",
        "glass",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
