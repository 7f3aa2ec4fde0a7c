//! Files taken in, looked at, chosen and removed.

use super::gguf::Gguf;
use super::*;
use holdpoint::app::ErrorKind;
use holdpoint::app::fitness;
use holdpoint::app::models::{ChosenBy, FileState};
use holdpoint::domain::fitness::{Ability, Finding, Gauge, Language, Measure};
use holdpoint::domain::model::Purpose;
use std::os::unix::fs::MetadataExt;

fn chat(seed: u8) -> Vec<u8> {
    Gguf::chat().build(seed, 4096)
}

#[tokio::test]
async fn an_added_file_stays_where_it_is_and_takes_no_second_space() {
    let bench = Bench::start().await;
    let mine = bench.owners_file("My Model (v2).gguf", &chat(1));
    done(&bench.add(mine.clone()).await);
    assert_eq!(bench.files(), ["My-Model-v2.gguf"]);
    let kept = fs::metadata(bench.folder().join("My-Model-v2.gguf")).unwrap();
    assert_eq!(kept.ino(), fs::metadata(&mine).unwrap().ino(), "a link, not a copy");
    let listed = bench.model("My-Model-v2").await.unwrap();
    assert_eq!(
        (listed.state, listed.in_use, listed.pinned),
        (FileState::Present, None, true)
    );
    assert_eq!(listed.added_by.as_deref(), Some("admin"));

    models::remove(&bench.app, Actor::Admin, name("My-Model-v2"))
        .await
        .unwrap();
    assert_eq!(bench.files(), [""; 0]);
    assert_eq!(fs::read(mine).unwrap(), chat(1), "the owner's own file stays");
}

#[tokio::test]
async fn what_was_found_about_a_removed_model_does_not_pass_to_the_next_of_its_name() {
    let bench = Bench::start().await;
    let found = Finding::of(
        Ability::Compose,
        Language::En,
        vec![Measure::known(Gauge::RightlyWritten, 16, 1.0, 0.8)],
        None,
    );
    for model in ["writer", "other"] {
        done(
            &bench
                .add(bench.owners_file(&format!("{model}.gguf"), &chat(model.len().try_into().unwrap())))
                .await,
        );
        fitness::keep(&bench.app, "finder", Some(model), std::slice::from_ref(&found))
            .await
            .unwrap();
    }
    let tuned = "writer with adapter tone";
    fitness::keep(&bench.app, "finder", Some(tuned), &[found])
        .await
        .unwrap();
    models::remove(&bench.app, Actor::Admin, name("writer")).await.unwrap();
    let left = bench.app.store().model_checks().await.unwrap();
    let left: Vec<_> = left.iter().map(|check| check.chat_model.as_str()).collect();
    assert_eq!(left, ["other"]);
}

#[tokio::test]
async fn the_same_content_a_second_time_says_so() {
    let bench = Bench::start().await;
    done(&bench.add(bench.owners_file("one.gguf", &chat(1))).await);
    let again = bench.add(bench.owners_file("two.gguf", &chat(1))).await;
    done(&again);
    assert_eq!(again.name, name("one"));
    assert!(again.notes[0].contains("already, as one"), "{again:?}");
    assert_eq!(bench.files(), ["one.gguf"]);
    let other = models::add(
        &bench.app,
        Actor::Admin,
        AddWish {
            file: bench.owners_file("other.gguf", &chat(2)),
            name: Some(name("one")),
            is_for: None,
        },
    );
    assert!(matches!(other.await.unwrap_err().kind(), ErrorKind::Conflict(_)));
}

#[tokio::test]
async fn what_is_no_model_does_not_come_in() {
    let bench = Bench::start().await;
    let mut half = chat(1);
    half.truncate(2000);
    for (file, content, words) in [
        ("page.gguf", &b"<!doctype html>"[..], "is not a GGUF file"),
        ("half.gguf", &half, "is incomplete"),
        ("empty.gguf", b"", "is not a GGUF file"),
    ] {
        let ended = bench.add(bench.owners_file(file, content)).await;
        assert!(problem(&ended).contains(words), "{file}: {ended:?}");
    }
    assert_eq!(bench.files(), [""; 0]);
    for file in ["/nowhere/model.gguf", "model.gguf", "/dev/null", "/tmp"] {
        let wish = AddWish {
            file: file.into(),
            name: None,
            is_for: None,
        };
        let refused = models::add(&bench.app, Actor::Admin, wish).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{file}: {refused}");
    }
}

#[tokio::test]
async fn a_gguf_file_that_is_no_whole_model_says_what_it_is() {
    let bench = Bench::start().await;
    for (file, content, words) in [
        ("part.gguf", Gguf::part(), "comes in 3 files"),
        ("eyes.gguf", Gguf::eyes(), "see pictures"),
        ("statistics.gguf", Gguf::statistics(), "imatrix"),
    ] {
        let ended = bench.add(bench.owners_file(file, &content.build(1, 4096))).await;
        assert!(problem(&ended).contains(words), "{file}: {ended:?}");
    }
    assert_eq!(bench.files(), [""; 0]);
    let plain = bench
        .add(bench.owners_file("plain.gguf", &Gguf::without_template().build(1, 4096)))
        .await;
    done(&plain);
    assert!(plain.notes[0].contains("no chat template"), "{plain:?}");
}

#[tokio::test]
async fn an_adapter_is_kept_for_agents_and_is_no_model_by_itself() {
    let bench = Bench::start().await;
    let added = bench
        .add(bench.owners_file("polite.gguf", &Gguf::adapter().build(1, 4096)))
        .await;
    done(&added);
    assert_eq!(added.purpose, Some(Purpose::Adapter));
    let refused = models::use_model(&bench.app, Actor::Admin, name("polite"))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("settings of the agent"), "{refused}");
    let running = models::to_run(bench.app.store(), &bench.settings).await.unwrap();
    assert_eq!(
        running.adapters,
        [("polite".to_owned(), bench.folder().join("polite.gguf"))]
    );
    assert_eq!((running.chat, running.others), (None, Vec::new()));
}

#[tokio::test]
async fn a_model_of_the_same_name_as_the_one_that_is_run_is_not_run_beside_it() {
    let mut bench = Bench::start().await;
    let file = bench.owners_file("default.gguf", &chat(1));
    done(&bench.add(file.clone()).await);
    bench.settings.chat.file = Some(file.clone());
    bench.restart().await;
    let running = models::to_run(bench.app.store(), &bench.settings).await.unwrap();
    assert_eq!(running.chat.unwrap().file, file);
    assert!(running.others.is_empty(), "{:?}", running.others);
}

#[tokio::test]
async fn a_file_that_lies_in_the_folder_is_taken_in_where_it_is() {
    let bench = Bench::start().await;
    fs::create_dir_all(bench.folder()).unwrap();
    let file = bench.folder().join("mine.gguf");
    fs::write(&file, chat(1)).unwrap();
    let listed = bench.model("mine").await.unwrap();
    assert_eq!((listed.pinned, listed.purpose), (false, Some(Purpose::Chat)));
    done(&bench.add(file).await);
    assert!(bench.model("mine").await.unwrap().pinned);
    assert_eq!(bench.files(), ["mine.gguf"]);
}

#[tokio::test]
async fn a_file_that_has_changed_since_it_was_pinned_is_told_and_not_used() {
    let bench = Bench::start().await;
    done(&bench.add(bench.owners_file("one.gguf", &chat(1))).await);
    let file = bench.folder().join("one.gguf");
    // The same length, other content, and as if nobody had touched it.
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, chat(2)).unwrap();
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    assert_eq!(
        bench.model("one").await.unwrap().state,
        FileState::Present,
        "the quick look is deceived"
    );
    let verified = models::verify(&bench.app).await.unwrap();
    assert_eq!(verified.items[0].state, FileState::Changed);

    fs::write(&file, b"shorter").unwrap();
    assert_eq!(bench.model("one").await.unwrap().state, FileState::Changed);
    let refused = models::use_model(&bench.app, Actor::Admin, name("one"))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("has changed since it was pinned"),
        "{refused}"
    );
    fs::remove_file(&file).unwrap();
    assert_eq!(bench.model("one").await.unwrap().state, FileState::Missing);
    let refused = models::use_model(&bench.app, Actor::Admin, name("one"))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("is not in the models folder"), "{refused}");
}

#[tokio::test]
async fn a_file_that_was_only_touched_is_present_again_once_it_was_verified() {
    let bench = Bench::start().await;
    done(&bench.add(bench.owners_file("one.gguf", &chat(1))).await);
    let file = bench.folder().join("one.gguf");
    let earlier = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(earlier)
        .unwrap();
    assert_eq!(bench.model("one").await.unwrap().state, FileState::Changed);
    assert_eq!(
        models::verify(&bench.app).await.unwrap().items[0].state,
        FileState::Present
    );
    assert_eq!(bench.model("one").await.unwrap().state, FileState::Present);
}

#[tokio::test]
async fn a_chosen_model_is_run_from_the_next_start_on_and_cannot_be_removed() {
    let mut bench = Bench::start().await;
    done(&bench.add(bench.owners_file("writer.gguf", &chat(1))).await);
    done(&bench.add(bench.owners_file("other.gguf", &chat(2))).await);
    done(
        &bench
            .add(bench.owners_file("finder.gguf", &Gguf::embedder().build(3, 4096)))
            .await,
    );
    let to_run = async |bench: &Bench| models::to_run(bench.app.store(), &bench.settings).await.unwrap();
    let before = to_run(&bench).await;
    assert_eq!(
        (before.chat, before.embed, before.others.len()),
        (None, None, 3),
        "agents may name them all"
    );

    let chosen = models::use_model(&bench.app, Actor::Admin, name("writer"))
        .await
        .unwrap();
    assert_eq!(chosen.purpose, Purpose::Chat);
    let finder = models::use_model(&bench.app, Actor::Admin, name("finder"))
        .await
        .unwrap();
    assert!(finder.says.contains("indexed anew"), "{finder:?}");
    bench.restart().await;
    let running = to_run(&bench).await;
    assert_eq!(running.chat.unwrap().file, bench.folder().join("writer.gguf"));
    assert_eq!(running.embed.unwrap().file, bench.folder().join("finder.gguf"));
    assert_eq!(running.others, [bench.folder().join("other.gguf")]);
    assert_eq!(bench.model("writer").await.unwrap().in_use, Some(ChosenBy::Choice));

    let refused = models::remove(&bench.app, Actor::Admin, name("writer"))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("holdpoint model use NAME"), "{refused}");
    models::use_model(&bench.app, Actor::Admin, name("other"))
        .await
        .unwrap();
    models::remove(&bench.app, Actor::Admin, name("writer")).await.unwrap();
    assert_eq!(bench.files(), ["finder.gguf", "other.gguf"]);
    let unknown = models::remove(&bench.app, Actor::Admin, name("writer"))
        .await
        .unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_configuration_wins_and_nothing_is_changed() {
    let mut bench = Bench::start().await;
    done(&bench.add(bench.owners_file("writer.gguf", &chat(1))).await);
    done(&bench.add(bench.owners_file("other.gguf", &chat(2))).await);
    models::use_model(&bench.app, Actor::Admin, name("other"))
        .await
        .unwrap();
    bench.settings.chat = Configured {
        file: Some(bench.folder().join("writer.gguf")),
        named_by: Some("`chat_model` (flag --chat-model)".to_owned()),
    };
    bench.restart().await;
    let refused = models::use_model(&bench.app, Actor::Admin, name("other"))
        .await
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("`chat_model` (flag --chat-model), which wins"),
        "{refused}"
    );
    let running = models::to_run(bench.app.store(), &bench.settings).await.unwrap();
    assert_eq!(running.chat.unwrap().by, ChosenBy::Configuration);
    let refused = models::remove(&bench.app, Actor::Admin, name("writer"))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("flag --chat-model"), "{refused}");
    // The choice that the setting overrules goes with its model.
    models::remove(&bench.app, Actor::Admin, name("other")).await.unwrap();
    bench.settings.chat = Configured::default();
    bench.restart().await;
    assert_eq!(
        models::to_run(bench.app.store(), &bench.settings).await.unwrap().chat,
        None
    );
}

#[tokio::test]
async fn a_default_model_is_run_if_it_is_there_and_an_empty_setting_means_none() {
    let mut bench = Bench::start().await;
    let file = bench.owners_file("default.gguf", &chat(1));
    bench.settings.chat.file = Some(file.clone());
    bench.settings.embed.file = Some("/nowhere/embed.gguf".into());
    bench.restart().await;
    let running = models::to_run(bench.app.store(), &bench.settings).await.unwrap();
    assert_eq!((running.chat.unwrap().by, running.embed), (ChosenBy::Default, None));
    let listed = bench.model("default").await.unwrap();
    assert_eq!((listed.pinned, listed.in_use), (false, Some(ChosenBy::Default)));
    bench.settings.chat = Configured {
        file: None,
        named_by: Some("`chat_model`".to_owned()),
    };
    assert_eq!(
        models::to_run(bench.app.store(), &bench.settings).await.unwrap().chat,
        None
    );
}
