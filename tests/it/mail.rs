//! E-mail, sent to real SMTP servers on loopback.

use super::app::{TestApp, eventually};
use super::smtp::{Fault, Protection, SmtpServer, certificate};
use holdpoint::app::AppError;
use holdpoint::app::mail::{self, Mail, Post};
use holdpoint::domain::mail::MailState;
use holdpoint::domain::text::Email;
use holdpoint::outbound::mail::{MailServer, Mailer, Security, parse_sender};
use holdpoint::store::{Change, JobKind};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn post(address: SocketAddr, security: Security) -> MailServer {
    MailServer {
        host: "localhost".to_owned(),
        port: address.port(),
        security,
        login: None,
        authority: None,
    }
}

fn mails_through(app: &TestApp, server: MailServer) {
    let from = parse_sender("Quillhaven Cycles <chat@quillhaven.example>").unwrap();
    app.app.mails_through(Post {
        mailer: Some(Mailer::new(server, from)),
        origin: format!("http://{}", app.address()),
    });
}

async fn queue(app: &TestApp, key: &'static str) {
    let write = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        Box::pin(async move {
            let mail = Mail {
                key: key.to_owned(),
                to: Email::parse("Vera@Example.org").unwrap(),
                subject: "Grüße\r\nBcc: all@example.org".to_owned(),
                text: "Your bicycle is ready.\n.\nSchöne Grüße".to_owned(),
                html: Some("<p>Your bicycle is ready.</p>".to_owned()),
                reply_to: Some(Email::parse("shop@quillhaven.example").unwrap()),
                conversation: None,
                attachment: None,
            };
            mail::queue(tx, mail).await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    write.await.unwrap();
}

async fn mails(app: &TestApp) -> Vec<Value> {
    let list = app.owner().get("/api/v1/mails").await.ok();
    list["items"].as_array().unwrap().clone()
}

/// The only mail once it stands like this.
async fn mail_that_is(app: &TestApp, state: &str) -> Value {
    eventually(&format!("a mail that is {state}"), async || {
        let mails = mails(app).await;
        let [mail] = mails.as_slice() else { return None };
        (mail["state"] == state).then(|| mail.clone())
    })
    .await
}

/// The only mail after so many attempts that came to nothing.
async fn mail_tried(app: &TestApp, attempts: i64) -> Value {
    eventually(&format!("{attempts} attempts"), async || {
        let mails = mails(app).await;
        let mail = mails.first()?;
        (mail["attempts"] == attempts).then(|| mail.clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_whole_once_for_its_key_and_its_text_is_dropped() {
    let app = TestApp::start().await;
    let server = SmtpServer::start().await;
    mails_through(&app, post(server.address, Security::None));
    queue(&app, "reply:1").await;
    queue(&app, "reply:1").await;
    let mail = mail_that_is(&app, "sent").await;
    queue(&app, "reply:1").await;
    app.advance_ms(24 * 60 * 60_000);

    let received = server.received();
    let [arrived] = received.as_slice() else {
        panic!("not one mail but {received:?}")
    };
    assert_eq!(
        (arrived.from.as_str(), arrived.to.as_str()),
        ("chat@quillhaven.example", "vera@example.org")
    );
    assert_eq!(arrived.header("Reply-To"), Some("shop@quillhaven.example"));
    assert_eq!(
        arrived.header("Bcc"),
        None,
        "a subject must not become a header: {}",
        arrived.data
    );
    let id = format!("<{}@quillhaven.example>", mail["id"].as_str().unwrap());
    assert_eq!(arrived.header("Message-ID"), Some(id.as_str()));
    let text = arrived.text();
    assert!(text.contains("Your bicycle is ready.\r\n.\r\nSchöne Grüße"), "{text}");
    assert!(text.contains("<p>Your bicycle is ready.</p>"), "{text}");

    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    let row = rows.mail_of_key("reply:1").await.unwrap().unwrap();
    assert_eq!((row.body_text, row.body_html, row.attempts), (None, None, 1));
    let log = app.owner().get("/api/v1/log?limit=50").await.ok();
    assert!(log.to_string().contains("mail.sent"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_down_loses_nothing_and_the_status_says_so() {
    let app = TestApp::start().await;
    let address = SmtpServer::start().await.address;
    mails_through(&app, post(address, Security::None));
    queue(&app, "reply:1").await;
    let mail = mail_tried(&app, 1).await;
    assert_eq!(mail["state"], "queued");
    let why = mail["last_error"].as_str().unwrap();
    assert!(
        why.contains("cannot be reached") && why.contains("smtp_server"),
        "{why}"
    );
    let status = app.owner().get("/api/v1/status").await.ok();
    assert_eq!(status["mail"]["well"], false);
    let words = status["mail"]["in_words"].as_str().unwrap();
    assert!(words.contains("1 e-mail waits and nothing is lost"), "{words}");

    app.advance_ms(31_000);
    mail_tried(&app, 2).await;
    let page = app.owner().get("/log").await.text();
    assert!(page.contains("1 e-mail keeps failing") && page.contains("holdpoint mail list"));
    let status = app.owner().get("/api/v1/status").await.ok();
    assert_eq!(status["mail"]["since"], mail["created_at"]);
    let server = SmtpServer::at(address).await;
    app.advance_ms(61_000);
    mail_that_is(&app, "sent").await;
    assert_eq!(server.received().len(), 1);
    let status = app.owner().get("/api/v1/status").await.ok();
    assert_eq!(status["mail"]["well"], true, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn later_is_tried_again_and_never_is_listed_until_a_person_sends_it_again() {
    let app = TestApp::start().await;
    let server = SmtpServer::start().await;
    server.misbehaves(&[
        Fault::HangsUp,
        Fault::ToRecipient("450 4.2.1 mailbox busy"),
        Fault::ToRecipient("550 5.1.1 nobody of that name"),
    ]);
    mails_through(&app, post(server.address, Security::None));
    queue(&app, "reply:1").await;
    assert_eq!(mail_tried(&app, 1).await["state"], "queued");
    app.advance_ms(31_000);
    let later = mail_tried(&app, 2).await;
    assert!(
        later["last_error"].as_str().unwrap().contains("mailbox busy"),
        "{later}"
    );
    app.advance_ms(61_000);
    let failed = mail_that_is(&app, "failed").await;
    assert!(
        failed["last_error"].as_str().unwrap().contains("nobody of that name"),
        "{failed}"
    );
    assert_eq!(server.received().len(), 0);

    let retry = format!("/api/v1/mails/{}/retry", failed["id"].as_str().unwrap());
    app.owner().post(&retry, &json!({})).await.ok();
    mail_that_is(&app, "sent").await;
    assert_eq!(server.received().len(), 1);
    let refused = app.owner().post(&retry, &json!({})).await.refused(409);
    assert!(refused["detail"].as_str().unwrap().contains("twice"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_the_server_does_not_know_fails_no_mail_and_says_which_setting_is_wrong() {
    let app = TestApp::start().await;
    let server = SmtpServer::start().await;
    server.misbehaves(&[Fault::ToSender("550 5.7.1 sender is not yours")]);
    mails_through(&app, post(server.address, Security::None));
    queue(&app, "reply:1").await;
    let mail = mail_tried(&app, 1).await;
    let why = mail["last_error"].as_str().unwrap();
    assert_eq!(mail["state"], "queued", "{why}");
    assert!(
        why.contains("mail_from") && why.contains("chat@quillhaven.example"),
        "{why}"
    );
    app.advance_ms(31_000);
    mail_that_is(&app, "sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_sees_nothing_of_the_mails_of_another() {
    let app = TestApp::start().await;
    let address = SmtpServer::start().await.address;
    mails_through(&app, post(address, Security::None));
    queue(&app, "reply:1").await;
    mail_tried(&app, 1).await;
    let other = app.other_workspace().await;
    let status = app.member_of(&other).get("/api/v1/status").await.ok();
    assert_eq!(
        (
            &status["mail"]["waiting"],
            &status["mail"]["well"],
            &status["workspaces"]
        ),
        (&json!(0), &json!(true), &json!(1)),
        "{status}"
    );
    let words = status["mail"]["in_words"].as_str().unwrap();
    assert!(!words.contains("cannot be reached"), "{words}");
    assert_eq!(status["failing_jobs"], 0);
    let own = app.owner().get("/api/v1/status").await.ok();
    assert_eq!(
        (&own["mail"]["waiting"], &own["mail"]["well"]),
        (&json!(1), &json!(false))
    );
    let machine = app.administrator().get("/api/v1/status").await.ok();
    assert_eq!(
        (&machine["mail"]["waiting"], &machine["workspaces"]),
        (&json!(1), &json!(2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_the_server_may_have_accepted_is_not_sent_again_by_itself() {
    let app = TestApp::start().await;
    let server = SmtpServer::start().await;
    server.misbehaves(&[Fault::SilentAfterMail]);
    mails_through(&app, post(server.address, Security::None));
    queue(&app, "reply:1").await;
    let mail = mail_that_is(&app, "unclear").await;
    app.advance_ms(24 * 60 * 60_000);
    assert_eq!(server.received().len(), 1);
    assert!(
        mail["last_error"].as_str().unwrap().contains("nobody can tell"),
        "{mail}"
    );
    let status = app.owner().get("/api/v1/status").await.ok();
    assert_eq!(status["mail"]["unclear"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ended_while_a_mail_was_handed_over_does_not_send_it_twice() {
    let app = TestApp::start().await;
    let server = SmtpServer::start().await;
    queue(&app, "reply:1").await;
    mail_tried(&app, 1).await;
    // As a crash between the two leaves it: the row says that the server is about to get it.
    let write = app.app.store().write(app.workspace.caller.workspace_id, |tx| {
        Box::pin(async move {
            let mut row = tx.mail_of_key("reply:1").await?.unwrap();
            (row.state, row.next_at) = (MailState::Sending, None);
            let (id, at) = (row.id, row.created_at);
            tx.update(row).await?;
            tx.schedule(JobKind::Mail, id, at).await?;
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    write.await.unwrap();
    mails_through(&app, post(server.address, Security::None));
    mail_that_is(&app, "unclear").await;
    assert_eq!(server.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_kept_while_no_server_is_set() {
    let app = TestApp::start().await;
    queue(&app, "reply:1").await;
    let mail = mail_tried(&app, 1).await;
    assert!(mail["last_error"].as_str().unwrap().contains("smtp_server"), "{mail}");
    let to_me = json!({ "to": "me@example.org" });
    app.owner().post("/api/v1/admin/mail/test", &to_me).await.refused(422);

    let server = SmtpServer::start().await;
    mails_through(&app, post(server.address, Security::None));
    app.advance_ms(31_000);
    mail_that_is(&app, "sent").await;
    app.owner().post("/api/v1/admin/mail/test", &to_me).await.created();
    eventually("the test mail", async || {
        let received = server.received();
        received.iter().any(|mail| mail.to == "me@example.org").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_server_gets_mail_and_password_and_a_bare_one_gets_neither() {
    let folder = TempDir::new().unwrap();
    let Some((authority, acceptor)) = certificate(folder.path()) else {
        return;
    };
    for (protection, security) in [
        (Protection::StartTls(acceptor.clone()), Security::StartTls),
        (Protection::Tls(acceptor), Security::Tls),
    ] {
        let app = TestApp::start().await;
        let server = SmtpServer::protected(protection, "127.0.0.1:0").await;
        server.wants_login();
        mails_through(
            &app,
            MailServer {
                login: Some(("shop".to_owned(), "a heron".to_owned())),
                authority: Some(authority.clone()),
                ..post(server.address, security)
            },
        );
        queue(&app, "reply:1").await;
        mail_that_is(&app, "sent").await;
        let received = server.received();
        assert!(received[0].encrypted && received[0].login.is_some(), "{received:?}");
    }

    // No encryption offered where it is asked for, and a certificate that nobody vouches for.
    let app = TestApp::start().await;
    let bare = SmtpServer::start().await;
    bare.wants_login();
    mails_through(
        &app,
        MailServer {
            login: Some(("shop".to_owned(), "a heron".to_owned())),
            ..post(bare.address, Security::StartTls)
        },
    );
    queue(&app, "reply:1").await;
    let mail = mail_tried(&app, 1).await;
    assert!(mail["last_error"].as_str().unwrap().contains("STARTTLS"), "{mail}");
    assert_eq!(bare.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_in_words_without_the_password_and_the_mail_waits() {
    let app = TestApp::start().await;
    let server = SmtpServer::start().await;
    server.wants_login();
    mails_through(
        &app,
        MailServer {
            login: Some(("shop".to_owned(), "a pelican".to_owned())),
            ..post(server.address, Security::None)
        },
    );
    queue(&app, "reply:1").await;
    let mail = mail_tried(&app, 1).await;
    let why = mail["last_error"].as_str().unwrap();
    assert_eq!(mail["state"], "queued");
    assert!(
        why.contains("secrets/smtp.password") && !why.contains("pelican"),
        "{why}"
    );
}

/// Somebody else's mail server: the one that comes with Python.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_not_ours_accepts_our_mail() {
    let Ok(mut child) = tokio::process::Command::from({
        let mut command = Command::new("python3");
        command
            .args([
                "-W",
                "ignore",
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/smtp/python_server.py"),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    })
    .kill_on_drop(true)
    .spawn() else {
        eprintln!("skipped: python3 is not installed");
        return;
    };
    let stdout = child.stdout.take().unwrap();
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stdout));
    let Some(first) = lines.next_line().await.unwrap() else {
        eprintln!("skipped: this Python has neither aiosmtpd nor smtpd");
        return;
    };
    let app = TestApp::start().await;
    let address = SocketAddr::from(([127, 0, 0, 1], first.parse().unwrap()));
    mails_through(
        &app,
        MailServer {
            host: "127.0.0.1".to_owned(),
            ..post(address, Security::None)
        },
    );
    queue(&app, "reply:1").await;
    mail_that_is(&app, "sent").await;
    let mail: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(mail["to"], json!(["vera@example.org"]));
    assert_eq!(mail["subject"], "Grüße Bcc: all@example.org");
    assert!(mail["text"].as_str().unwrap().contains("Schöne Grüße"), "{mail}");
}
