//! Bringing knowledge in over the API: pages, texts and PDFs, what cannot be read, owners, last days, and what would change.

use crate::app::{Answer, Client, TestApp, eventually};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

async fn import(owner: &Client, query: &str, file: impl Into<Bytes>) -> Answer {
    let path = format!("/api/v1/knowledge/import?{query}");
    owner.send(Method::POST, &path, file.into()).await
}

async fn documents(owner: &Client, source: &str) -> Vec<Value> {
    let all = owner.get("/api/v1/knowledge/documents?limit=200").await.ok();
    let all = all["items"].as_array().unwrap();
    all.iter()
        .filter(|document| document["source"] == source)
        .cloned()
        .collect()
}

/// A PDF with a text on each of its pages.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let contents = pages
        .iter()
        .map(|page| format!("BT /F1 12 Tf 72 700 Td ({page}) Tj ET").into_bytes());
    pdf_of("", &contents.collect::<Vec<_>>())
}

/// A PDF with what its pages draw, and how that is packed.
fn pdf_of(packed: &str, contents: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        Vec::new(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
    ];
    let mut kids = String::new();
    for content in contents {
        let number = objects.len() + 1;
        write!(kids, "{number} 0 R ").unwrap();
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R /Resources << /Font << /F1 3 0 R >> >> >>",
            number + 1
        );
        objects.push(page.into_bytes());
        let head = format!("<< /Length {} {packed} >>\nstream\n", content.len());
        objects.push([head.as_bytes(), content, b"\nendstream"].concat());
    }
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", contents.len()).into_bytes();
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = String::new();
    for (at, object) in objects.iter().enumerate() {
        writeln!(places, "{:010} 00000 n ", file.len()).unwrap();
        file.extend(format!("{} 0 obj\n", at + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let (start, size) = (file.len(), objects.len() + 1);
    let end = format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.extend(format!("xref\n0 {size}\n0000000000 65535 f \n{places}{end}").bytes());
    file
}

/// Some 130 times as many spaces as it has bytes, packed by deflate.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut packed = vec![0x78, 0x9c];
    let (mut held, mut count) = (0_u64, 0);
    // The head of the only block and a space, then over and over: 258 times what stood one before.
    let codes = std::iter::once((0x53_u64, 11)).chain(std::iter::repeat((0xa3, 13)));
    for (code, bits) in codes {
        held |= code << count;
        count += bits;
        while count >= 8 {
            packed.push(held.to_le_bytes()[0]);
            held >>= 8;
            count -= 8;
        }
        if packed.len() >= bytes {
            return packed;
        }
    }
    packed
}

#[tokio::test]
async fn a_page_with_scripts_is_imported_without_them_and_keeps_its_anchors() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let page = "<html lang=de><head><title>Werkstatt</title><script>alert(1)</script></head><body><nav>Start</nav>\
        <main><h1 id=werkstatt>Unsere Werkstatt</h1><p onclick=alert(2)>Wir reparieren jedes Rad und haben auch am Samstag auf.</p>\
        <details><summary>Was kostet ein Schlauch?</summary><p>Mit Einbau 15 Euro.</p></details></main></body></html>";
    import(&owner, "name=pages/werkstatt.html", page).await.ok();
    let found = documents(&owner, "pages/werkstatt.html").await;
    let told: Vec<_> = found
        .iter()
        .map(|it| (&it["kind"], &it["title"], &it["body"], &it["anchor"], &it["language"]))
        .collect();
    let (section, faq, de) = (json!("section"), json!("faq"), json!("de"));
    let (shop, body, anchor) = (
        json!("Unsere Werkstatt"),
        json!("Wir reparieren jedes Rad und haben auch am Samstag auf."),
        json!("werkstatt"),
    );
    let (question, answer, its_anchor) = (
        json!("Was kostet ein Schlauch?"),
        json!("Mit Einbau 15 Euro."),
        json!("was-kostet-ein-schlauch"),
    );
    assert!(told.contains(&(&section, &shop, &body, &anchor, &de)), "{told:?}");
    assert!(
        found.iter().any(|it| it["kind"] == faq
            && it["title"] == question
            && it["body"] == answer
            && it["anchor"] == its_anchor),
        "{found:?}"
    );
    assert!(!format!("{found:?}").contains("alert"));
}

#[tokio::test]
async fn texts_of_any_office_are_read_and_a_guess_is_told() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let wide: Vec<u8> = "\u{feff}Wann ist offen?\nImmer außer sonntags.\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(import(&owner, "name=wide.txt", wide).await.ok()["added"], 1);
    assert_eq!(documents(&owner, "wide.txt").await[0]["body"], "Immer außer sonntags.");
    let old = b"question,answer\nD\xfcrfen Hunde mit?,Nat\xfcrlich nur an der Leine.\n".to_vec();
    let report = import(&owner, "name=old.csv", old).await.ok();
    assert!(
        report["remarks"][0].as_str().unwrap().contains("Windows-1252"),
        "{report}"
    );
    assert_eq!(documents(&owner, "old.csv").await[0]["title"], "Dürfen Hunde mit?");
}

#[tokio::test]
async fn a_pdf_is_read_page_by_page_in_a_process_of_its_own() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let file = pdf(&["The workshop repairs every wheel.", "A new tube costs 15 euros."]);
    assert_eq!(import(&owner, "name=prices.pdf", file).await.ok()["added"], 2);
    let found = documents(&owner, "prices.pdf").await;
    let pages: Vec<_> = found
        .iter()
        .map(|it| (it["anchor"].as_str().unwrap(), it["body"].as_str().unwrap()))
        .collect();
    assert_eq!(
        pages,
        [
            ("page=1", "The workshop repairs every wheel."),
            ("page=2", "A new tube costs 15 euros.")
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_words_and_changes_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let before = owner.get("/api/v1/knowledge/documents?limit=200").await.ok();
    let mut broken = pdf(&["Hello"]);
    broken.truncate(broken.len() / 2);
    let loops = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>\nendobj\ntrailer\n<< /Size 3 /Root 1 0 R >>\n";
    let bomb = pdf_of("/Filter /FlateDecode", &[bomb(15_000_000)]);
    let cases: [(&str, Vec<u8>, &str); 10] = [
        ("name=z.pdf", bomb, "This PDF cannot be read: "),
        ("name=a.pdf", broken, "This PDF cannot be read: "),
        ("name=b.pdf", b"no pdf at all".to_vec(), "This PDF cannot be read: "),
        ("name=c.pdf", loops.to_vec(), "This PDF cannot be read: "),
        (
            "name=d.pdf",
            pdf(&[""]),
            "This PDF cannot be read: there is no text in it",
        ),
        ("name=e.html", b"<div>".repeat(100_000), "nested too deeply"),
        ("name=f.html", Vec::new(), "file is empty"),
        ("name=g.txt", b"\x89PNG\0\0".to_vec(), "is not text"),
        ("name=h.md", b"\xcf\xf0\xe8\xe2\xe5\xf2".to_vec(), "is not UTF-8"),
        ("name=i.docx", b"PK".to_vec(), "format"),
    ];
    for (query, file, words) in cases {
        let problem = import(&owner, query, file).await.refused(422);
        assert!(
            problem["detail"].as_str().unwrap().contains(words),
            "{query}: {problem}"
        );
    }
    assert_eq!(owner.get("/api/v1/knowledge/documents?limit=200").await.ok(), before);
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_writes_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let first = "question,answer\nIs there tea?,Always.\nIs there coffee?,Until noon.\n";
    let second = "question,answer\nIs there tea?,Always.\nIs there coffee?,Until four.\nIs there cake?,Yes.\n";
    import(&owner, "name=drinks.csv", first).await.ok();
    let before = documents(&owner, "drinks.csv").await;
    let report = import(&owner, "name=drinks.csv&dry_run=true", second).await.ok();
    assert_eq!(
        (
            &report["added"],
            &report["changed"],
            &report["unchanged"],
            &report["dry_run"]
        ),
        (&json!(1), &json!(1), &json!(1), &json!(true))
    );
    assert_eq!(
        report["changes"],
        json!([
            { "kind": "changed", "title": "Is there coffee?", "diff": "-Until noon.\n+Until four." },
            { "kind": "added", "title": "Is there cake?" },
        ])
    );
    assert_eq!(documents(&owner, "drinks.csv").await, before);
    let report = import(
        &owner,
        "name=drinks.csv&dry_run=true",
        "question,answer\nIs there tea?,Always.\n",
    )
    .await
    .ok();
    assert_eq!(
        (&report["removed"], &report["changes"][0]["kind"]),
        (&json!(1), &json!("removed"))
    );
}

#[tokio::test]
async fn answers_that_contradict_one_another_in_one_file_are_named() {
    let app = TestApp::start().await;
    let rows = "question,answer\nIs there tea?,Always.\nMilk?,Yes.\nis there tea,Never.\nIs there tea?,Always.\nIs there TEA?,On Mondays.\n";
    let report = import(&app.owner(), "name=drinks.csv", rows).await.ok();
    assert_eq!(
        report["contradictions"],
        json!([{ "question": "is there tea", "rows": [2, 4, 6] }])
    );
    assert_eq!(
        (&report["added"], report["skipped"].as_array().unwrap().len()),
        (&json!(4), 1)
    );
}

#[tokio::test]
async fn what_has_had_its_last_day_is_found_no_more_and_listed_as_expired() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let offer = "question,answer\nIs there a summer sale of lanterns?,Lanterns at half price.\n";
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let day = now.checked_add(jiff::Span::new().days(2)).unwrap().date();
    let query = format!("name=sale.csv&owner=Mia&expires={day}");
    import(&owner, &query, offer).await.ok();
    let found = documents(&owner, "sale.csv").await;
    assert_eq!(found[0]["owner"], "Mia");
    assert!(found[0]["expires_at"].as_i64().unwrap() > now.timestamp().as_millisecond() + DAY_MS);
    // Without a word about it, both stay; another word changes them, and no text.
    import(&owner, "name=sale.csv", offer).await.ok();
    let report = import(&owner, "name=sale.csv&owner=Bodo", offer).await.ok();
    assert_eq!(report["unchanged"], 1);
    let kept = documents(&owner, "sale.csv").await;
    assert_eq!(
        (&kept[0]["owner"], &kept[0]["expires_at"]),
        (&json!("Bodo"), &found[0]["expires_at"])
    );
    let search = "/api/v1/knowledge/search?q=summer%20sale%20of%20lanterns";
    let is_found = async || {
        owner
            .get(search)
            .await
            .ok()
            .to_string()
            .contains("Lanterns at half price.")
    };
    eventually("it is found", async || is_found().await.then_some(())).await;

    app.advance_ms(4 * DAY_MS);
    eventually("it is found no more", async || (!is_found().await).then_some(())).await;
    assert_eq!(documents(&owner, "sale.csv").await, Vec::<Value>::new());
    let expired = owner.get("/api/v1/knowledge/expired").await.ok();
    assert_eq!(expired["items"][0]["title"], "Is there a summer sale of lanterns?");
    let refused = import(&owner, "name=sale.csv", offer).await.refused(422);
    assert!(refused["detail"].as_str().unwrap().contains("last day"), "{refused}");
    import(&owner, "name=sale.csv&expires=never", offer).await.ok();
    eventually("it is found again", async || is_found().await.then_some(())).await;
    assert_eq!(owner.get("/api/v1/knowledge/expired").await.ok()["items"], json!([]));
    for wrong in ["soon", "2020-01-01", "2027-02-30"] {
        import(&owner, &format!("name=sale.csv&expires={wrong}"), offer)
            .await
            .refused(422);
    }
}

#[tokio::test]
async fn fifty_thousand_rows_with_duplicates_keep_a_visitor_waiting_no_longer() {
    let app = TestApp::builder().without_engine().start().await;
    let owner = app.owner();
    let mut rows = "question,answer\n".to_owned();
    for row in 0..50_000 {
        writeln!(rows, "What is {}?,It is {}.", row % 5_000, row % 2_500).unwrap();
    }
    let importing = import(&owner, "name=many.csv", rows);
    let visiting = async {
        let visitor = app.visitor().await;
        let begun = std::time::Instant::now();
        visitor.says("Hello?").await;
        begun.elapsed()
    };
    let (report, waited) = tokio::join!(importing, visiting);
    let report = report.ok();
    assert_eq!(report["added"], 5_000);
    assert_eq!(report["skipped"].as_array().unwrap().len(), 45_000);
    assert!(waited < Duration::from_secs(20), "{waited:?}");
}

/// A site on this machine, whose pages say what is asked for; it answers on one port alone.
async fn site() -> std::net::SocketAddr {
    use axum::{Router, response::Redirect, routing::get};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let xml = |body: String| async move { ([("content-type", "application/xml")], body) };
    let page = |body: &'static str| async move { ([("content-type", "text/html; charset=utf-8")], body) };
    let index = format!(
        "<sitemapindex><sitemap><loc>http://{address}/sitemap.xml</loc></sitemap><sitemap><loc>/pages.xml</loc></sitemap>\
         <sitemap><loc>http://{address}/gone.xml</loc></sitemap></sitemapindex>"
    );
    let pages = format!(
        "<urlset><url><loc>http://{address}/repairs</loc></url><url><loc>http://{address}/repairs#again</loc></url>\
         <url><loc>https://elsewhere.example/page</loc></url><url><loc>http://{address}/away</loc></url>\
         <url><loc>http://{address}/endless</loc></url><url><loc>http://{address}/picture</loc></url>\
         <url><loc>http://{address}/packed</loc></url></urlset>"
    );
    let endless = || async {
        let piece = bytes::Bytes::from(vec![b'x'; 65_536]);
        let pieces = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
        ([("content-type", "text/html")], axum::body::Body::from_stream(pieces))
    };
    let router = Router::new()
        .route("/sitemap.xml", get(move || xml(index.clone())))
        .route("/pages.xml", get(move || xml(pages.clone())))
        .route(
            "/repairs",
            get(move || page("<title>Repairs</title><main><h1>Repairs</h1><p>We mend unicorn saddles.</p></main>")),
        )
        .route(
            "/away",
            get(|| async { Redirect::temporary("https://elsewhere.example/page") }),
        )
        .route("/endless", get(endless))
        .route(
            "/packed",
            get(|| async {
                (
                    [("content-type", "text/html"), ("content-encoding", "gzip")],
                    "\u{1f}packed",
                )
            }),
        )
        .route("/picture", get(|| async { ([("content-type", "image/png")], "x") }));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

#[tokio::test]
async fn a_sitemap_of_ones_own_site_is_read_and_leads_nowhere_else() {
    use holdpoint::app::webhooks::Courier;
    use holdpoint::outbound::{Limits, Outbound, Proxies};
    let app = TestApp::start().await;
    let address = site().await;
    app.app.delivers_through(Courier {
        outbound: Outbound::new(Proxies::none(), Limits::default()),
        internal: vec![address.to_string()],
    });
    let owner = app.owner();
    let site = "/api/v1/knowledge/sitemap";
    let one = "/api/v1/knowledge/page";
    let sitemap = format!("http://{address}/sitemap.xml");
    let listed = owner.post(site, &json!({ "url": sitemap })).await.ok();
    let at = |path: &str| format!("http://{address}{path}");
    assert_eq!(
        listed["pages"],
        json!([
            at("/repairs"),
            at("/away"),
            at("/endless"),
            at("/picture"),
            at("/packed")
        ])
    );
    for (address, why) in [("elsewhere.example", "another site"), ("/gone.xml", "404")] {
        let left_out = listed["left_out"].as_array().unwrap().iter();
        let named = left_out.filter(|it| it["address"].as_str().unwrap().contains(address));
        let whys: Vec<&str> = named.map(|it| it["why"].as_str().unwrap()).collect();
        assert!(whys.iter().any(|it| it.contains(why)), "{listed}");
    }
    for (path, why) in [
        ("/away", "elsewhere.example"),
        ("/endless", "more than 5 MB"),
        ("/picture", "image/png"),
        ("/packed", "packed (gzip), although it was asked not to; save the page"),
    ] {
        let refused = owner.post(one, &json!({ "url": at(path) })).await.refused(422);
        assert!(refused["detail"].as_str().unwrap().contains(why), "{refused}");
    }
    let page = at("/repairs");
    let wish = json!({ "url": format!("{page}#top"), "collection": "site" });
    let mut dry = wish.clone();
    dry["dry_run"] = true.into();
    assert_eq!(owner.post(one, &dry).await.ok()["added"], 1);
    assert!(documents(&owner, &page).await.is_empty());
    assert_eq!(owner.post(one, &wish).await.ok()["added"], 1);
    let found = documents(&owner, &page).await;
    assert_eq!(
        (&found[0]["title"], &found[0]["body"]),
        (&json!("Repairs"), &json!("We mend unicorn saddles."))
    );
    assert_eq!(owner.post(one, &wish).await.ok()["unchanged"], 1);
    // A page is a site of one page.
    let listed = owner.post(site, &json!({ "url": page })).await.ok();
    assert_eq!(listed["pages"], json!([page]));

    // Whatever else is inside stays there.
    for inside in [
        "http://127.0.0.1:9/sitemap.xml",
        "http://[::1]/sitemap.xml",
        "file:///etc/passwd",
        "sitemap.xml",
    ] {
        owner.post(site, &json!({ "url": inside })).await.refused(422);
        owner.post(one, &json!({ "url": inside })).await.refused(422);
    }
}

#[tokio::test]
async fn a_source_goes_whole_and_comes_back_with_what_took_it_out() {
    let app = TestApp::start().await;
    let owner = app.owner();
    for (name, text) in [
        ("a.md", "# Are unicorns mended?\n\nYes.\n\n# And mules?\n\nNo.\n"),
        ("b.md", "# Do you mend tents?\n\nNo.\n"),
    ] {
        let query = format!("name={name}&collection=stable&run=the-folder");
        import(&owner, &query, text).await.ok();
    }
    let sources = "/api/v1/knowledge/sources?collection=stable";
    let named = async || {
        let items = owner.get(sources).await.ok()["items"].clone();
        let items = items.as_array().unwrap().iter();
        let one = |it: &Value| format!("{} {}", it["source"].as_str().unwrap(), it["documents"]);
        items.map(one).collect::<Vec<_>>()
    };
    assert_eq!(named().await, ["a.md 2", "b.md 1"]);
    let gone = format!("{sources}&source=a.md");
    let would = owner.delete(&format!("{gone}&dry_run=true")).await.ok();
    assert_eq!((&would["removed"], &would["dry_run"]), (&json!(2), &json!(true)));
    assert_eq!(named().await, ["a.md 2", "b.md 1"]);
    assert_eq!(owner.delete(&gone).await.ok()["removed"], 2);
    assert_eq!(named().await, ["b.md 1"]);
    owner.delete(&gone).await.refused(404);
    // Two files of one run are one thing to take back, and what took one of them out is another.
    let path = "/api/v1/improve/candidates";
    let newest = async || {
        let listed = owner.get(path).await.ok();
        let items = listed["items"].as_array().unwrap().clone();
        let one = |it: &Value| {
            (
                it["title"].as_str().unwrap().to_owned(),
                it["changes"].as_i64().unwrap(),
            )
        };
        (
            items[0]["id"].as_str().unwrap().to_owned(),
            one(&items[0]),
            one(&items[1]),
        )
    };
    let (removal, first, second) = newest().await;
    assert_eq!(
        (first, second),
        (("a.md".to_owned(), 2), ("a.md and more".to_owned(), 3))
    );
    let back = async |id: &str| owner.post(&format!("{path}/{id}/roll-back"), &json!({})).await;
    back(&removal).await.ok();
    assert_eq!(named().await, ["a.md 2", "b.md 1"]);
    // What somebody says about a source stays when its text is taken back.
    app.advance_ms(1_000);
    import(&owner, "name=b.md&collection=stable", "# Do you mend tents?\n\nYes.\n")
        .await
        .ok();
    let (changed, ..) = newest().await;
    import(
        &owner,
        "name=b.md&collection=stable&owner=Olga&expires=2099-01-31",
        "# Do you mend tents?\n\nYes.\n",
    )
    .await
    .ok();
    back(&changed).await.ok();
    let tents = documents(&owner, "b.md").await.remove(0);
    assert_eq!((&tents["body"], &tents["owner"]), (&json!("No."), &json!("Olga")));
    assert!(tents["expires_at"].is_number(), "{tents}");
    import(&owner, "name=c.md&run=no%20spaces", "# Why?\n\nBecause.\n")
        .await
        .refused(422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_changes_are_tried_on_what_must_stay_answered_before_they_go_live() {
    let app = TestApp::start().await;
    let owner = app.owner();
    let question = "Do you mend unicorn saddles?";
    import(&owner, "name=saddles.md", format!("# {question}\n\nYes, every day.\n"))
        .await
        .ok();
    let kept = json!({ "question": question, "answer": "every day" });
    owner.post("/api/v1/improve/questions", &kept).await.created();
    let mut rows = "question,answer\n".to_owned();
    for row in 0..600 {
        writeln!(rows, "What costs part {row}?,Part {row} costs {row} euros.").unwrap();
    }
    let report = import(&owner, "name=parts.csv", rows.clone()).await.ok();
    assert_eq!((&report["added"], &report["dry_run"]), (&json!(600), &json!(true)));
    assert!(report["remarks"].to_string().contains("page Improve"), "{report}");
    assert!(documents(&owner, "parts.csv").await.is_empty());
    let id = report["candidate"].as_str().unwrap();
    let whole = crate::candidates::tried(&owner, id).await;
    assert_eq!(
        (&whole["candidate"]["state"], &whole["candidate"]["found"]["worse"]),
        (&json!("waiting"), &json!(0))
    );
    let path = format!("/api/v1/improve/candidates/{id}");
    owner.post(&format!("{path}/publish"), &json!({})).await.ok();
    eventually("all of it to be live", async || {
        (owner.get(&path).await.ok()["candidate"]["state"] == "published").then_some(())
    })
    .await;
    assert_eq!(import(&owner, "name=parts.csv", rows).await.ok()["unchanged"], 600);
}
