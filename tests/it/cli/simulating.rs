//! `simulate`: what the command says; what it finds is judged by the command itself.

use super::*;

#[test]
fn rows_are_played_and_judged_the_same_for_the_same_seed() {
    let holdpoint = Holdpoint::new();
    let played = |seed| holdpoint.json(&["simulate", "f1", "G1", "--reps", "3", "--seed", seed]);
    let report = played("5");
    assert_eq!((&report["seed"], &report["reps"]), (&Value::from(5), &Value::from(3)));
    assert!(report["seconds"].as_f64().unwrap() > 0.0);
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["id"] == "F1") && rows.iter().all(|row| row["id"] == "F1" || row["id"] == "G1"));
    for row in rows {
        assert!(
            row["scenario"].is_string() && row["bar"].is_string() && row["measured"].is_object(),
            "{row}"
        );
        assert_eq!(row["pass"], row["p_value"].as_f64().unwrap() >= 0.01, "{row}");
    }
    assert_eq!(played("5")["rows"], report["rows"]);
    assert_ne!(played("6")["rows"], report["rows"]);
}

#[test]
fn without_json_there_is_a_table_and_no_workspace_is_needed() {
    let holdpoint = Holdpoint::new();
    let said = holdpoint.done(&["simulate", "G1", "--reps", "2"]);
    assert!(
        said.contains("A/A, same questions") && said.contains("2 repetitions, seed 1"),
        "{said}"
    );
    assert!(!holdpoint.data_dir().exists());
}

#[test]
fn a_row_that_is_none_is_refused_with_those_that_are() {
    let holdpoint = Holdpoint::new();
    let refused = holdpoint.says(&["simulate", "Z9"], "");
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("Z9") && said.contains("S1, S2") && said.contains("C1"),
        "{said}"
    );
}
