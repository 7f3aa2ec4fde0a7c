use super::*;
use std::fs;
use tempfile::TempDir;

fn flags(pairs: &[(&'static str, &str)]) -> Flags {
    pairs.iter().map(|(key, value)| (*key, (*value).to_owned())).collect()
}

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A data directory with this configuration file.
fn data_dir(toml: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE_NAME), toml).unwrap();
    folder
}

fn resolve_in(
    folder: &TempDir,
    variables: &[(&str, &str)],
    given: &[(&'static str, &str)],
) -> Result<Resolved, ConfigError> {
    let mut given = flags(given);
    given.insert("data_dir", folder.path().to_string_lossy().into_owned());
    resolve(&given, None, &environment(variables))
}

fn origin_of(resolved: &Resolved, key: &str) -> Origin {
    resolved
        .shown
        .iter()
        .find(|shown| shown.key.name == key)
        .unwrap()
        .origin
        .clone()
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    let folder = data_dir("listen = \"127.0.0.1:1001\"\nlog_level = \"debug\"\nlog_format = \"json\"\n");
    let resolved = resolve_in(
        &folder,
        &[("HOLDPOINT_LISTEN", "127.0.0.1:1002"), ("HOLDPOINT_LOG_LEVEL", "warn")],
        &[("listen", "127.0.0.1:1003")],
    )
    .unwrap();
    assert_eq!(resolved.settings.listen.port(), 1003);
    assert_eq!(resolved.settings.log_level, "warn");
    assert_eq!(resolved.settings.log_format, LogFormat::Json);
    assert_eq!(resolved.settings.engine_threads, None);
    assert_eq!(origin_of(&resolved, "listen"), Origin::Flag("--listen".to_owned()));
    assert_eq!(
        origin_of(&resolved, "log_level"),
        Origin::Environment("HOLDPOINT_LOG_LEVEL".to_owned())
    );
    assert_eq!(
        origin_of(&resolved, "log_format"),
        Origin::File(folder.path().join(FILE_NAME))
    );
    assert_eq!(origin_of(&resolved, "engine_threads"), Origin::Default);
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_one_that_was_meant() {
    let folder = data_dir("lisetn = \"127.0.0.1:1\"\n");
    let error = resolve_in(&folder, &[], &[]).unwrap_err();
    assert!(
        error.to_string().ends_with("is not a setting; did you mean `listen`?"),
        "{error}"
    );
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_line() {
    let folder = data_dir("listen = \"127.0.0.1:1\"\nlog_level = \n");
    let error = resolve_in(&folder, &[], &[]).unwrap_err();
    assert!(matches!(error, ConfigError::NotToml { line: 2, .. }), "{error}");
}

#[test]
fn other_machines_are_let_in_only_with_a_public_origin() {
    let folder = data_dir("");
    let error = resolve_in(&folder, &[], &[("listen", "0.0.0.0:80")]).unwrap_err();
    assert!(matches!(error, ConfigError::Exposed { .. }), "{error}");
    let origin = ("public_origin", "https://Chat.Shop.example/");
    let resolved = resolve_in(&folder, &[], &[("listen", "0.0.0.0:80"), origin]).unwrap();
    assert_eq!(
        resolved.settings.public_origin.as_deref(),
        Some("https://chat.shop.example")
    );
}

#[test]
fn values_that_cannot_be_are_refused_with_what_would_be_right() {
    let folder = data_dir("");
    for (key, value) in [
        ("listen", "localhost"),
        ("listen", "8787"),
        ("public_origin", "chat.shop.example"),
        ("public_origin", "https://shop.example/chat"),
        ("public_origin", "ftp://shop.example"),
        ("database", "mysql://shop"),
        ("database", ""),
        ("data_dir", ""),
        ("engine_threads", "0"),
        ("engine_threads", "many"),
        ("engine_context", "-1"),
        ("engine_slots", "65"),
        ("engine_cache", "0"),
        ("engine_memory", "4TB"),
        ("log_format", "xml"),
        ("log_level", "loud"),
    ] {
        let mut given = flags(&[("data_dir", &folder.path().to_string_lossy())]);
        given.insert(key, value.to_owned());
        let error = resolve(&given, None, &BTreeMap::new()).unwrap_err().to_string();
        assert!(
            error.contains(key) && error.contains("it must"),
            "{key} = {value:?}: {error}"
        );
    }
}

#[test]
fn a_password_is_never_shown() {
    let folder = data_dir("");
    let url = "postgres://shop:hunter2@db.example:5432/holdpoint?password=hunter2";
    let resolved = resolve_in(&folder, &[("HOLDPOINT_DATABASE", url)], &[]).unwrap();
    assert_eq!(resolved.settings.database, Database::Postgres(url.to_owned()));
    let shown = format!("{resolved:?}");
    assert!(shown.contains("postgres://shop:…@db.example:5432/holdpoint"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let error = resolve_in(
        &folder,
        &[("HOLDPOINT_DATABASE", "mysql://shop:hunter2@db.example")],
        &[],
    )
    .unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn folders_in_a_file_are_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("elsewhere.toml");
    fs::write(
        &file,
        "data_dir = \"data\"\nmodels_dir = \"../models\"\nchat_model = \"\"\n",
    )
    .unwrap();
    let resolved = resolve(&Flags::new(), Some(&file), &BTreeMap::new()).unwrap();
    assert_eq!(resolved.settings.data_dir, folder.path().join("data"));
    assert_eq!(resolved.settings.models_dir, folder.path().join("../models"));
    assert_eq!(
        resolved.settings.database,
        Database::File(folder.path().join("data/holdpoint.db"))
    );
    assert_eq!(resolved.settings.chat_model, None);
    assert!(!resolved.settings.embed_model.unwrap().chosen);
}

#[test]
fn the_data_directory_cannot_be_moved_from_inside() {
    let folder = data_dir("data_dir = \"/elsewhere\"\n");
    assert!(matches!(
        resolve_in(&folder, &[], &[]),
        Err(ConfigError::DataDirInside { .. })
    ));
}

#[test]
fn a_named_file_must_exist() {
    let missing = Path::new("/nowhere/holdpoint.toml");
    let by_variable = environment(&[(FILE_VARIABLE, "/nowhere/holdpoint.toml")]);
    assert!(matches!(
        resolve(&Flags::new(), Some(missing), &BTreeMap::new()),
        Err(ConfigError::Unreadable { .. })
    ));
    assert!(matches!(
        resolve(&Flags::new(), None, &by_variable),
        Err(ConfigError::Unreadable { .. })
    ));
}

#[test]
fn variables_that_are_no_settings_are_noticed() {
    let folder = data_dir("");
    let variables = [
        ("HOLDPOINT_LISTN", "x"),
        ("HOLDPOINT_TEST_MODELS", "x"),
        ("HOLDPOINT_MODELS", "x"),
        ("HOME", "/"),
    ];
    let resolved = resolve_in(&folder, &variables, &[]).unwrap();
    assert_eq!(resolved.unknown_variables, ["HOLDPOINT_LISTN"]);
}

#[test]
fn every_line_of_the_example_is_valid_once_its_sign_is_taken_off() {
    let example = example();
    let uncommented: Vec<&str> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.toml");
    fs::write(&file, uncommented.join("\n")).unwrap();
    let resolved = resolve(&Flags::new(), Some(&file), &BTreeMap::new()).unwrap();
    assert!(
        resolved
            .shown
            .iter()
            .all(|shown| shown.origin == Origin::File(file.clone())),
        "{:?}",
        resolved.shown
    );
}

#[test]
fn the_example_in_the_repository_is_the_generated_one() {
    let kept = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/config.example.toml")).unwrap();
    assert_eq!(
        kept,
        example(),
        "write it anew: holdpoint config example > assets/config.example.toml"
    );
}

#[test]
fn sizes_are_bytes_or_have_a_unit() {
    assert_eq!(size_bytes("123"), Some(123));
    assert_eq!(size_bytes("500MB"), Some(500_000_000));
    assert_eq!(size_bytes("8 GB"), Some(8_000_000_000));
    for wrong in ["", "0", "-1", "8TB", "1.5GB", "99999999999GB"] {
        assert_eq!(size_bytes(wrong), None, "{wrong}");
    }
}
