//! Downloads from a server that breaks off, lies, sends on, and falls silent.

use super::gguf::Gguf;
use super::server::{FileServer, Manner, digest};
use super::*;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use holdpoint::app::{AppError, ErrorKind};
use holdpoint::domain::model::Purpose;
use holdpoint::outbound::Resolve;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SIZE: usize = 300_000;

fn model() -> Vec<u8> {
    Gguf::chat().build(7, SIZE)
}

/// So large that most of it is not on its way yet when its head has come.
const LARGE: usize = 48 << 20;

async fn serving_large() -> (Bench, FileServer, Vec<u8>) {
    let file = Gguf::chat().build(7, LARGE);
    let server = FileServer::start(file.clone(), Manner::Well).await;
    (Bench::start().await, server, file)
}

async fn serving(manner: Manner) -> (Bench, FileServer, Vec<u8>) {
    let file = model();
    let server = FileServer::start(file.clone(), manner).await;
    (Bench::start().await, server, file)
}

#[tokio::test]
async fn a_pulled_model_is_in_the_catalogue_pinned_as_it_came() {
    let (bench, server, file) = serving(Manner::Well).await;
    let arrival = bench.pull(wish(&server.url("tiny-q4.gguf?signature=secret"))).await;
    done(&arrival);
    assert!(
        arrival.notes.iter().any(|note| note.contains("pinned as it came")),
        "{arrival:?}"
    );
    let listed = bench.model("tiny-q4").await.unwrap();
    assert_eq!(listed.purpose, Some(Purpose::Chat));
    assert_eq!(listed.sha256.unwrap().to_string(), digest(&file));
    assert_eq!(listed.source, server.url("tiny-q4.gguf"), "the query is not kept");
    assert_eq!(fs::read(bench.folder().join("tiny-q4.gguf")).unwrap(), file);
    assert_eq!(bench.files(), ["tiny-q4.gguf"]);
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_where_it_had_stopped() {
    let (bench, server, file) = serving(Manner::BreaksOff { after: 50_000 }).await;
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
    let asked = server.asked();
    assert!(asked.len() >= 6, "{asked:?}");
    assert!(asked[0].header("range").is_none());
    let mut last = 0;
    for again in &asked[1..] {
        let range = again
            .header("range")
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let from: u64 = range.unwrap_or_else(|| panic!("{again:?}"));
        assert!(from > last, "{from} does not lie behind {last}");
        assert!(again.header("if-range").is_some_and(|etag| etag.starts_with('"')));
        last = from;
    }
    assert!(
        server.sent() <= file.len() as u64 + 20 * 8192,
        "{} bytes were sent for {}",
        server.sent(),
        file.len()
    );
}

#[tokio::test]
async fn a_server_that_cannot_go_on_begins_anew() {
    let (bench, server, file) = serving(Manner::BreaksOffOnceWithoutRanges { after: 100_000 }).await;
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_server_that_ignores_the_range_does_not_make_a_file_of_two_halves() {
    let (bench, server, file) = serving(Manner::BreaksOff { after: 100_000 }).await;
    let begun = models::pull(&bench.app, Actor::Admin, wish(&server.url("tiny.gguf")))
        .await
        .unwrap();
    eventually("a first break", async || (server.asked().len() >= 2).then_some(())).await;
    server.behaves(Manner::WithoutRanges);
    done(&bench.ended(&begun).await);
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
}

#[tokio::test]
async fn a_silent_server_is_asked_again_and_the_rest_comes() {
    let (bench, server, file) = serving(Manner::FallsSilent { after: 200_000 }).await;
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_server_that_never_comes_further_is_given_up_and_what_came_is_kept() {
    let (mut bench, server, file) = serving(Manner::BreaksOff { after: 0 }).await;
    server.behaves(Manner::BreaksOff { after: 120_000 });
    let begun = models::pull(&bench.app, Actor::Admin, wish(&server.url("tiny.gguf")))
        .await
        .unwrap();
    eventually("a first break", async || (server.asked().len() >= 2).then_some(())).await;
    server.behaves(Manner::Refuses { status: 502 });
    let ended = bench.ended(&begun).await;
    let why = problem(&ended);
    assert!(why.contains("502") && why.contains("goes on from there"), "{why}");
    let unfinished = models::list(&bench.app).await.unwrap().unfinished;
    assert_eq!((unfinished.len(), unfinished[0].name.as_str()), (1, "tiny"));
    assert!(unfinished[0].bytes_done >= 100_000 && unfinished[0].bytes_total == Some(file.len() as u64));

    bench.restart().await;
    server.behaves(Manner::Well);
    let before = server.sent();
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    assert!(server.sent() - before < file.len() as u64 - 90_000, "it began anew");
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
    assert_eq!(models::list(&bench.app).await.unwrap().unfinished, []);
}

#[tokio::test]
async fn a_restart_in_the_middle_leaves_what_the_same_wish_goes_on_with() {
    let (mut bench, server, file) = serving(Manner::FallsSilent { after: 160_000 }).await;
    bench.settings.outbound = Outbound::new(Proxies::none(), Limits { quiet: AMPLE, ..LIMITS });
    bench.restart().await;
    let begun = models::pull(&bench.app, Actor::Admin, wish(&server.url("tiny.gguf")))
        .await
        .unwrap();
    eventually("some bytes", async || {
        (models::arrival(&bench.app, begun.id).unwrap().bytes_done >= 160_000).then_some(())
    })
    .await;
    bench.restart().await;
    assert!(bench.model("tiny").await.is_none());
    server.behaves(Manner::Well);
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    assert_eq!(server.asked()[1].header("range"), Some("bytes=160000-"));
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
}

#[tokio::test]
async fn a_download_that_was_whole_before_a_crash_only_has_to_be_checked() {
    let (mut bench, server, file) = serving(Manner::BreaksOff { after: 100_000 }).await;
    let begun = models::pull(&bench.app, Actor::Admin, wish(&server.url("tiny.gguf")))
        .await
        .unwrap();
    eventually("a first break", async || (server.asked().len() >= 2).then_some(())).await;
    models::cancel(&bench.app, begun.id).unwrap();
    bench.ended(&begun).await;
    // As if the rest had been synced in the moment of the crash.
    let [part, note] = ["tiny.gguf.part", "tiny.gguf.part.json"].map(|name| bench.folder().join(name));
    fs::write(part, &file).unwrap();
    let mut told: serde_json::Value = serde_json::from_slice(&fs::read(&note).unwrap()).unwrap();
    told["synced"] = file.len().into();
    fs::write(note, told.to_string()).unwrap();
    bench.restart().await;
    server.behaves(Manner::Well);
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    assert_eq!(bench.files(), ["tiny.gguf"]);
}

#[tokio::test]
async fn a_stopped_download_is_kept_until_it_is_discarded() {
    let (bench, server, _file) = serving(Manner::FallsSilent { after: 100_000 }).await;
    let begun = models::pull(&bench.app, Actor::Admin, wish(&server.url("tiny.gguf")))
        .await
        .unwrap();
    eventually("some bytes", async || {
        (models::arrival(&bench.app, begun.id).unwrap().bytes_done >= 100_000).then_some(())
    })
    .await;
    let refused = models::remove(&bench.app, Actor::Admin, name("tiny"))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("on its way in"), "{refused}");
    models::cancel(&bench.app, begun.id).unwrap();
    assert_eq!(bench.ended(&begun).await.state, ArrivalState::Cancelled);
    assert_eq!(bench.files(), ["tiny.gguf.part", "tiny.gguf.part.json"]);
    let removed = models::remove(&bench.app, Actor::Admin, name("tiny")).await.unwrap();
    assert!(removed.says.contains("gone"), "{removed:?}");
    assert_eq!(bench.files(), [""; 0]);
    assert!(models::cancel(&bench.app, begun.id).is_err());
}

#[tokio::test]
async fn the_same_wish_joins_and_another_one_for_the_same_name_is_refused() {
    let (bench, server, _file) = serving(Manner::FallsSilent { after: 1000 }).await;
    let url = server.url("tiny.gguf");
    let first = models::pull(&bench.app, Actor::Admin, wish(&url)).await.unwrap();
    let second = models::pull(&bench.app, Actor::Admin, wish(&url)).await.unwrap();
    assert_eq!(first.id, second.id);
    let other = models::pull(&bench.app, Actor::Admin, wish(&server.url("other/tiny.gguf"))).await;
    assert!(matches!(other.unwrap_err().kind(), ErrorKind::Conflict(_)));
    models::pull(&bench.app, Actor::Admin, wish(&server.url("second.gguf")))
        .await
        .unwrap();
    let third = models::pull(&bench.app, Actor::Admin, wish(&server.url("third.gguf"))).await;
    assert_eq!(third.unwrap_err().kind(), ErrorKind::Busy);
    bench.app.stop().await;
}

#[tokio::test]
async fn a_file_with_another_digest_than_given_is_removed() {
    let (bench, server, file) = serving(Manner::Well).await;
    let other = digest(b"something else");
    let ended = bench
        .pull(PullWish {
            sha256: Some(other.parse().unwrap()),
            ..wish(&server.url("tiny.gguf"))
        })
        .await;
    let why = problem(&ended);
    assert!(why.contains(&other) && why.contains(&digest(&file)), "{why}");
    assert_eq!(bench.files(), [""; 0]);
    let right = PullWish {
        sha256: Some(digest(&file).parse().unwrap()),
        ..wish(&server.url("tiny.gguf"))
    };
    let ended = bench.pull(right).await;
    done(&ended);
    assert_eq!(ended.notes, [""; 0], "what was given needs no note");
}

#[tokio::test]
async fn the_hubs_digest_is_what_the_file_must_have() {
    let (bench, server, file) = serving(Manner::Well).await;
    server.behaves(Manner::Hub {
        sha256: digest(b"another file"),
        length: None,
    });
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    assert!(problem(&ended).contains("changed or damaged on the way"), "{ended:?}");
    assert_eq!(bench.files(), [""; 0]);
    server.behaves(Manner::Hub {
        sha256: digest(&file),
        length: Some(file.len() as u64),
    });
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    done(&ended);
    assert_eq!(ended.notes, [""; 0], "what the hub says is no first use");
}

#[tokio::test]
async fn a_digest_that_contradicts_the_hubs_is_refused_before_anything_is_fetched() {
    let (bench, server, file) = serving_large().await;
    server.behaves(Manner::Hub {
        sha256: digest(&file),
        length: None,
    });
    let other = digest(b"something else").parse().unwrap();
    let ended = bench
        .pull(PullWish {
            sha256: Some(other),
            ..wish(&server.url("tiny.gguf"))
        })
        .await;
    assert!(
        problem(&ended).contains("check the address and the digest"),
        "{ended:?}"
    );
    assert!(server.sent() < LARGE as u64 / 2);
}

#[tokio::test]
async fn what_the_catalogue_has_is_not_fetched_again() {
    let (bench, server, file) = serving_large().await;
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    server.behaves(Manner::Hub {
        sha256: digest(&file),
        length: None,
    });
    let before = server.sent();
    let again = bench.pull(wish(&server.url("copy.gguf"))).await;
    done(&again);
    assert_eq!(again.name, name("tiny"));
    assert!(again.notes[0].contains("already"), "{again:?}");
    assert!(server.sent() - before < LARGE as u64 / 2);
    // Without the hub's word it has to come to be known.
    server.behaves(Manner::Well);
    done(&bench.pull(wish(&server.url("copy.gguf"))).await);
    assert_eq!(bench.files(), ["tiny.gguf"]);
}

#[tokio::test]
async fn more_than_was_promised_is_cut_off_and_removed() {
    let promised = model().len() as u64;
    let mut longer = model();
    longer.resize(longer.len() + 50_000, 1);
    let server = FileServer::start(longer, Manner::Promises { bytes: promised }).await;
    let bench = Bench::start().await;
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    assert!(
        problem(&ended).contains(&format!("promised {promised} bytes")),
        "{ended:?}"
    );
    assert_eq!(bench.files(), [""; 0]);
}

#[tokio::test]
async fn a_promise_that_the_header_contradicts_is_found_before_the_end() {
    let (bench, server, _file) = serving(Manner::Promises { bytes: 200_000 }).await;
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    assert!(
        problem(&ended).contains("is incomplete: it has 200000 bytes"),
        "{ended:?}"
    );
    assert_eq!((bench.files(), server.asked().len()), (Vec::new(), 2));
}

#[tokio::test]
async fn a_length_that_changes_on_the_way_is_a_lie() {
    let (bench, server, file) = serving(Manner::Hub {
        sha256: digest(b"x"),
        length: Some(10),
    })
    .await;
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    let why = problem(&ended);
    assert!(
        why.contains("promised 10 bytes") && why.contains(&file.len().to_string()),
        "{why}"
    );

    server.behaves(Manner::OtherLength { after: 100_000 });
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    assert!(problem(&ended).contains("promised"), "{ended:?}");
    assert_eq!(bench.files(), [""; 0]);
}

#[tokio::test]
async fn less_than_was_promised_is_never_taken_for_the_whole() {
    let (bench, server, file) = serving(Manner::Promises { bytes: 1 << 20 }).await;
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    let why = problem(&ended);
    assert!(
        why.contains("broke off") && !bench.files().contains(&"tiny.gguf".to_owned()),
        "{why}"
    );
    assert!(server.asked().len() >= 6, "it is tried more than once");
    server.behaves(Manner::WithoutLength);
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
}

#[tokio::test]
async fn a_file_that_ends_early_without_having_promised_anything_is_found_by_its_header() {
    let mut cut = model();
    cut.truncate(SIZE / 2);
    let server = FileServer::start(cut, Manner::WithoutLength).await;
    let bench = Bench::start().await;
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    assert!(problem(&ended).contains("is incomplete"), "{ended:?}");
    assert_eq!(bench.files(), [""; 0]);
}

#[tokio::test]
async fn another_range_than_was_asked_for_is_not_glued_together() {
    let (bench, server, _file) = serving(Manner::OtherRange).await;
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    assert!(
        problem(&ended).contains("broke off") || problem(&ended).contains("another part"),
        "{ended:?}"
    );
    assert!(bench.model("tiny").await.is_none());
    assert!(server.asked().len() >= 6);
}

#[tokio::test]
async fn a_web_page_is_recognised_by_its_first_bytes() {
    let (bench, server, _file) = serving(Manner::Page).await;
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    assert!(
        problem(&ended).contains("web page") && problem(&ended).contains("download button"),
        "{ended:?}"
    );
    assert_eq!(bench.files(), [""; 0]);
}

#[tokio::test]
async fn a_model_that_fits_no_memory_is_refused_as_soon_as_its_header_has_come() {
    let server = FileServer::start(Gguf::giant().build(1, 3_000_000), Manner::Well).await;
    let bench = Bench::with(|settings| settings.context_tokens = 1 << 20).await;
    let ended = bench.pull(wish(&server.url("giant.gguf"))).await;
    assert!(problem(&ended).contains("of memory"), "{ended:?}");
    assert_eq!(bench.files(), [""; 0]);
}

#[tokio::test]
async fn a_header_that_comes_in_many_pieces_is_waited_for() {
    let file = Gguf::chat().long_header(2_000_000).build(1, 1_000_000);
    let server = FileServer::start(file.clone(), Manner::Well).await;
    let bench = Bench::start().await;
    done(&bench.pull(wish(&server.url("wordy.gguf"))).await);
    assert_eq!(fs::read(bench.folder().join("wordy.gguf")).unwrap(), file);
}

#[tokio::test]
async fn a_model_that_fits_no_disk_is_refused_before_it_is_fetched() {
    let (_bench, server, _file) = serving_large().await;
    let bench = Bench::with(|settings| settings.disk_reserve_bytes = u64::MAX / 2).await;
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    assert!(problem(&ended).contains("--models-dir"), "{ended:?}");
    assert!(server.sent() < LARGE as u64 / 2);
}

#[tokio::test]
async fn refusals_of_the_other_side_say_what_to_do() {
    let (bench, server, _file) = serving(Manner::Well).await;
    for (status, words) in [
        (401, "--token-file"),
        (403, "accept its terms"),
        (404, "check the address"),
        (410, "no such file"),
        (418, "and no file"),
    ] {
        server.behaves(Manner::Refuses { status });
        let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
        assert!(problem(&ended).contains(words), "{status}: {ended:?}");
    }
    assert_eq!(server.asked().len(), 5, "none of them is asked twice");
    let server = FileServer::start(model(), Manner::Busy { times: 3 }).await;
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_loop_of_redirects_ends() {
    let (bench, server, _file) = serving(Manner::SendsOn {
        to: "/round/and/round.gguf".to_owned(),
    })
    .await;
    let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
    assert!(problem(&ended).contains("more than 5 times"), "{ended:?}");
    assert_eq!(server.asked().len(), 6);
}

#[tokio::test]
async fn a_redirect_to_what_is_no_web_address_is_not_followed() {
    let (bench, server, _file) = serving(Manner::Well).await;
    for to in [
        "file:///etc/passwd",
        "ftp://127.0.0.1/tiny.gguf",
        "http://mia:secret@127.0.0.1/tiny.gguf",
        "http://[::bad/",
    ] {
        server.behaves(Manner::SendsOn { to: to.to_owned() });
        let ended = bench.pull(wish(&server.url("tiny.gguf"))).await;
        assert!(!problem(&ended).contains("secret"), "{to}: {ended:?}");
    }
    assert_eq!(server.asked().len(), 4);
}

/// Names as a test wants them; counts how often each question is asked.
#[derive(Debug, Default)]
struct Names {
    known: HashMap<&'static str, &'static str>,
    asked: AtomicUsize,
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let found = self
            .known
            .get(host)
            .map(|address| SocketAddr::new(address.parse().unwrap(), port));
        async move {
            found
                .map(|address| vec![address])
                .ok_or_else(|| io::Error::other("no such name"))
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_name_that_leads_into_the_house_is_refused_and_nobody_is_asked() {
    let (_bench, server, _file) = serving(Manner::Well).await;
    let names = Arc::new(Names {
        known: [
            ("rebound.example", "127.0.0.1"),
            ("metadata.example", "169.254.169.254"),
            ("mapped.example", "::ffff:10.0.0.1"),
        ]
        .into(),
        ..Names::default()
    });
    let outbound = Outbound::with_resolver(Proxies::none(), LIMITS, names);
    let bench = Bench::with(|settings| settings.outbound = outbound).await;
    for host in ["rebound.example", "metadata.example", "mapped.example"] {
        let url = format!("http://{host}:{}/tiny.gguf", server.address.port());
        let ended = bench
            .pull(PullWish {
                allowed: Allowed {
                    http: true,
                    internal: false,
                },
                ..wish(&url)
            })
            .await;
        assert!(problem(&ended).contains("--allow-internal"), "{ended:?}");
    }
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_checked() {
    let (_bench, server, file) = serving(Manner::Well).await;
    let names = Arc::new(Names {
        known: [("models.example", "127.0.0.1")].into(),
        ..Names::default()
    });
    let outbound = Outbound::with_resolver(Proxies::none(), LIMITS, names.clone());
    let bench = Bench::with(|settings| settings.outbound = outbound).await;
    let url = format!("http://models.example:{}/tiny.gguf", server.address.port());
    done(&bench.pull(wish(&url)).await);
    assert_eq!(
        names.asked.load(Ordering::SeqCst),
        1,
        "a second look-up could find another address"
    );
    assert_eq!(
        server.asked()[0].header("host"),
        Some(format!("models.example:{}", server.address.port()).as_str())
    );
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
    let unknown = bench.pull(wish("http://nowhere.example/other.gguf")).await;
    assert!(problem(&unknown).contains("was not found"), "{unknown:?}");
}

#[tokio::test]
async fn a_token_is_shown_to_the_machine_it_is_for_and_to_no_other() {
    let (_bench, other, file) = serving(Manner::Well).await;
    let to = format!("http://other.example:{}/tiny.gguf", other.address.port());
    let first = FileServer::start(Vec::new(), Manner::SendsOn { to }).await;
    let names = Names {
        known: [("first.example", "127.0.0.1"), ("other.example", "127.0.0.1")].into(),
        ..Names::default()
    };
    let outbound = Outbound::with_resolver(Proxies::none(), LIMITS, Arc::new(names));
    let bench = Bench::with(|settings| settings.outbound = outbound).await;
    let url = format!("http://first.example:{}/tiny.gguf", first.address.port());
    done(
        &bench
            .pull(PullWish {
                token: Some("hub-secret".to_owned()),
                ..wish(&url)
            })
            .await,
    );
    assert_eq!(first.asked()[0].header("authorization"), Some("Bearer hub-secret"));
    assert_eq!(other.asked()[0].header("authorization"), None);
    // Another port is another machine.
    let back = format!("http://127.0.0.1:{}/tiny.gguf", other.address.port());
    first.behaves(Manner::SendsOn { to: back });
    let bench = Bench::start().await;
    let token = Some("hub-secret".to_owned());
    done(
        &bench
            .pull(PullWish {
                token,
                ..wish(&first.url("tiny.gguf"))
            })
            .await,
    );
    assert_eq!(other.asked()[1].header("authorization"), None);
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
}

#[tokio::test]
async fn a_proxy_is_used_and_cannot_be_used_to_get_into_the_house() {
    // The proxy is a server that answers whatever address it is asked for.
    let (_bench, proxy, file) = serving(Manner::Well).await;
    let proxies = Proxies::of(&format!("http://{}", proxy.address), "inside.example");
    let names = Names {
        known: [("inside.example", "10.0.0.7")].into(),
        ..Names::default()
    };
    let outbound = Outbound::with_resolver(proxies, LIMITS, Arc::new(names));
    let bench = Bench::with(|settings| settings.outbound = outbound).await;
    let outside = |url: &str| PullWish {
        allowed: Allowed {
            http: true,
            internal: false,
        },
        ..wish(url)
    };
    done(&bench.pull(outside("http://models.example/tiny.gguf")).await);
    assert_eq!(proxy.asked()[0].header("host"), Some("models.example"));
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);
    for to in [
        "http://127.0.0.1/x.gguf",
        "http://[::1]/x.gguf",
        "http://inside.example/x.gguf",
    ] {
        proxy.behaves(Manner::SendsOn { to: to.to_owned() });
        let ended = bench.pull(outside("http://models.example/x.gguf")).await;
        assert!(problem(&ended).contains("--allow-internal"), "{to}: {ended:?}");
    }
    assert_eq!(proxy.asked().len(), 4);
}

#[tokio::test]
async fn a_server_that_only_pretends_to_encrypt_is_no_server() {
    let (bench, server, _file) = serving(Manner::Well).await;
    let url = server.url("tiny.gguf").replacen("http://", "https://", 1);
    let ended = bench.pull(wish(&url)).await;
    assert!(
        problem(&ended).contains("the connection to 127.0.0.1 failed"),
        "{ended:?}"
    );
    assert_eq!(server.sent(), 0);
}

#[tokio::test]
async fn an_address_that_can_be_judged_at_once_is_refused_at_once() {
    let bench = Bench::start().await;
    let nothing = Allowed::default();
    for (url, words) in [
        ("http://models.example/tiny.gguf", "--allow-http"),
        ("https://127.0.0.1/tiny.gguf", "--allow-internal"),
        ("https://models.example/tiny", "--name"),
        ("https://models.example/..%2f..%2fholdpoint.gguf", "--name"),
        ("/etc/passwd", "https://host/path"),
        ("https://mia:secret@models.example/tiny.gguf", "take them out"),
    ] {
        let refused = models::pull(
            &bench.app,
            Actor::Admin,
            PullWish {
                allowed: nothing,
                ..wish(url)
            },
        )
        .await
        .unwrap_err();
        assert!(
            matches!(refused, AppError::Invalid(_)) && refused.to_string().contains(words),
            "{url}: {refused}"
        );
    }
    assert_eq!(bench.files(), [""; 0]);
}

#[tokio::test]
async fn a_file_that_somebody_has_put_there_is_not_overwritten() {
    let (bench, server, _file) = serving(Manner::Well).await;
    fs::create_dir_all(bench.folder()).unwrap();
    fs::write(bench.folder().join("tiny.gguf"), "mine").unwrap();
    let refused = models::pull(&bench.app, Actor::Admin, wish(&server.url("tiny.gguf")))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("holdpoint model add"), "{refused}");
    assert_eq!(fs::read_to_string(bench.folder().join("tiny.gguf")).unwrap(), "mine");
}

#[tokio::test]
async fn a_model_that_has_lost_its_file_gets_it_back_if_it_is_the_same() {
    let (bench, server, file) = serving(Manner::Well).await;
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    let again = models::pull(&bench.app, Actor::Admin, wish(&server.url("tiny.gguf")))
        .await
        .unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
    fs::remove_file(bench.folder().join("tiny.gguf")).unwrap();
    done(&bench.pull(wish(&server.url("tiny.gguf"))).await);
    assert_eq!(bench.model("tiny").await.unwrap().state, models::FileState::Present);
    assert_eq!(fs::read(bench.folder().join("tiny.gguf")).unwrap(), file);

    fs::remove_file(bench.folder().join("tiny.gguf")).unwrap();
    let other = FileServer::start(Gguf::chat().build(9, SIZE), Manner::Well).await;
    let ended = bench.pull(wish(&other.url("tiny.gguf"))).await;
    assert!(problem(&ended).contains("was pinned as"), "{ended:?}");
    assert_eq!(bench.files(), [""; 0]);
}
