use super::args::Args;
use super::request::{About, Request, Run, filled, request, secrets_in, with_secrets};
use super::rules::{Judged, judge, within_day};
use super::tool::{Tool, ToolError};
use super::*;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

fn refund() -> Value {
    json!({
        "name": "refund_order",
        "title": "Refund an order",
        "schema": {
            "type": "object",
            "properties": {
                "order": { "type": "string" }, "amount": { "type": "number" }, "why": { "type": "string" }
            },
            "required": ["order", "amount"],
        },
        "run": {
            "kind": "http",
            "url": "https://shop.example/orders/{order}/refunds",
            "headers": { "Authorization": "Bearer {secret:shop}" },
            "body": { "sum": "{amount}", "note": "for {order}: {why}", "by": "{action.id}" },
        },
        "rules": [
            { "arg": "amount", "above": 100, "then": "wait", "people": 2 },
            { "arg": "amount", "above": 1000, "then": "refuse", "why": "such sums are refunded by the bank" },
        ],
        "daily": { "times": 3, "arg": "amount", "sum": 250 },
    })
}

fn tool(change: impl Fn(&mut Value)) -> Result<Tool, ToolError> {
    let mut value = refund();
    change(&mut value);
    let tool: Tool = serde_json::from_value(value).unwrap();
    tool.check().map(|_| tool)
}

fn args(value: Value) -> Args {
    Args::new(value).unwrap()
}

fn about() -> About<'static> {
    static ZONE: std::sync::OnceLock<TimeZone> = std::sync::OnceLock::new();
    About {
        id: ActionId::from(Uuid::from_u128(9)),
        at: Timestamp(0),
        zone: ZONE.get_or_init(|| TimeZone::fixed(jiff::tz::offset(1))),
        visitor_email: Some("ann@example.org"),
    }
}

#[test]
fn what_is_sent_is_the_tool_with_its_arguments_and_no_secret() {
    let tool = tool(|_| {}).unwrap();
    let args = args(json!({ "order": "A/7 ?", "amount": 12.5, "why": "late {order} {secret:shop}" }));
    let Request::Http { url, headers, body, .. } = request(&tool.run, &args, &about()).unwrap() else {
        panic!("a request");
    };
    assert_eq!(url, "https://shop.example/orders/A%2F7%20%3F/refunds");
    let body: Value = serde_json::from_str(&body.unwrap()).unwrap();
    assert_eq!(body["sum"], json!(12.5));
    // What an argument says is text, not a placeholder.
    assert_eq!(body["note"], "for A/7 ?: late {order} {secret:shop}");
    assert_eq!(
        headers[0],
        ("authorization".to_owned(), "Bearer {secret:shop}".to_owned())
    );
    assert!(
        headers
            .iter()
            .any(|(name, value)| name == "idempotency-key" && *value == about().id.to_string())
    );
    assert_eq!(secrets_in(&headers[0].1).collect::<Vec<_>>(), ["shop"]);
    let whole = with_secrets(&headers[0].1, |name| (name == "shop").then(|| "s3cret".to_owned()));
    assert_eq!(whole.as_deref(), Some("Bearer s3cret"));
    assert_eq!(with_secrets("{secret:other}", |_| None), None);
    for climbing in ["..", ".", ""] {
        let args = self::args(json!({ "order": climbing, "amount": 1 }));
        assert!(request(&tool.run, &args, &about()).is_err(), "{climbing}");
    }
}

#[test]
fn a_tool_that_leads_elsewhere_shows_secrets_or_says_too_little_is_refused() {
    assert_eq!(tool(|it| it["name"] = json!("Refund order")), Err(ToolError::Name));
    assert_eq!(tool(|it| it["title"] = json!(" ")), Err(ToolError::Text("title")));
    for url in [
        "https://{order}.example/",
        "ftp://shop.example/",
        "https:///x",
        "https://me@shop.example/",
        "https://shop.example/#a",
    ] {
        assert_eq!(
            tool(|it| it["run"]["url"] = json!(url)),
            Err(ToolError::Address),
            "{url}"
        );
    }
    assert_eq!(
        tool(|it| it["run"]["url"] = json!("https://shop.example/{nothing}")),
        Err(ToolError::Placeholder("nothing".to_owned()))
    );
    assert_eq!(
        tool(|it| it["run"]["url"] = json!("https://shop.example/{secret:shop}")),
        Err(ToolError::SecretInSight)
    );
    assert_eq!(
        tool(|it| it["run"]["body"]["x"] = json!("{secret:shop}")),
        Err(ToolError::SecretInSight)
    );
    assert_eq!(
        tool(|it| it["run"]["headers"]["X-A"] = json!("{order}")),
        Err(ToolError::Placeholder("order".to_owned()))
    );
    for (name, value) in [
        ("X A", "1"),
        ("Host", "x"),
        ("Idempotency-Key", "x"),
        ("X-A", "1\r\nX-B: 2"),
    ] {
        assert_eq!(
            tool(|it| it["run"]["headers"][name] = json!(value)),
            Err(ToolError::Header(name.to_owned()))
        );
    }
    assert!(matches!(
        tool(|it| it["rules"][0]["arg"] = json!("sum")),
        Err(ToolError::Rule(_))
    ));
    assert!(matches!(
        tool(|it| it["rules"][0]["below"] = json!(1)),
        Err(ToolError::Rule(_))
    ));
    assert_eq!(tool(|it| it["daily"]["arg"] = json!("sum")), Err(ToolError::Daily));
    assert_eq!(tool(|it| it["people"] = json!(9)), Err(ToolError::People));
    assert_eq!(tool(|it| it["expires_in_s"] = json!(1)), Err(ToolError::Waits));
    assert_eq!(tool(|it| it["alone"] = json!(true)), Err(ToolError::NotAlone));
    assert!(matches!(
        tool(|it| it["schema"] = json!({ "type": "array" })),
        Err(ToolError::Schema(_))
    ));
}

#[test]
fn more_is_asked_of_more_people_too_much_is_refused_and_high_stakes_always_wait() {
    let of = |amount: Value| args(json!({ "order": "1", "amount": amount }));
    let high = tool(|_| {}).unwrap();
    assert_eq!(judge(&high, &of(json!(100))), Judged::Ask(1));
    assert_eq!(judge(&high, &of(json!(101))), Judged::Ask(2));
    assert_eq!(
        judge(&high, &of(json!(1001))),
        Judged::Refused("such sums are refunded by the bank".to_owned())
    );
    // No number: nothing slips through.
    assert!(matches!(judge(&high, &of(json!("5000"))), Judged::Refused(_)));
    let low = |it: &mut Value| {
        it["risk"] = json!("low");
        it["reversible"] = json!(true);
        it["alone"] = json!(true);
    };
    let alone = tool(low).unwrap();
    assert_eq!(judge(&alone, &of(json!(5))), Judged::Alone);
    assert_eq!(judge(&alone, &of(json!(101))), Judged::Ask(2));
    let mut changed = alone;
    changed.risk = tool::Risk::High;
    assert_eq!(judge(&changed, &of(json!(5))), Judged::Ask(1));
}

#[test]
fn a_day_has_its_limits() {
    let tool = tool(|_| {}).unwrap();
    let of = |amount: Value| args(json!({ "order": "1", "amount": amount }));
    let earlier = [of(json!(200)), of(json!(-500))];
    assert!(
        within_day(&tool, &of(json!(50)), earlier.iter()).is_ok(),
        "what is negative gives nothing back"
    );
    assert!(
        within_day(&tool, &of(json!(51)), earlier.iter())
            .unwrap_err()
            .contains("200 is used up")
    );
    assert!(within_day(&tool, &of(json!("x")), earlier.iter()).is_err());
    let three = [of(json!(1)), of(json!(1)), of(json!(1))];
    assert!(
        within_day(&tool, &of(json!(1)), three.iter())
            .unwrap_err()
            .contains("3 times")
    );
}

fn run(value: Value) -> Run {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_calendar_entry_is_a_file_that_calendars_read() {
    let run = run(json!({
        "kind": "calendar", "title": "Fitting: {who}", "starts": "{when}", "minutes": "{long}", "note": "{note}"
    }));
    let args = |when: &str, long: Value| {
        args(
            json!({ "who": "Ann; of \\ Wharf, 3", "when": when, "long": long, "note": format!("one\ntwo {}", "é".repeat(80)) }),
        )
    };
    let Request::Calendar { file, to, .. } = request(&run, &args("2027-01-31T15:00", json!(45)), &about()).unwrap()
    else {
        panic!("an entry");
    };
    assert_eq!(to, "");
    assert!(
        file.contains("DTSTART:20270131T140000Z\r\nDTEND:20270131T144500Z\r\n"),
        "{file}"
    );
    assert!(
        file.contains("SUMMARY:Fitting: Ann\\; of \\\\ Wharf\\, 3\r\n"),
        "{file}"
    );
    assert!(file.replace("\r\n ", "").contains("DESCRIPTION:one\\ntwo é"), "{file}");
    assert!(file.lines().all(|line| line.len() <= 75), "{file}");
    assert!(
        file.split("\r\n").all(|line| !line.contains(['\r', '\n'])),
        "no line ends otherwise"
    );
    for (when, long) in [
        ("tomorrow", json!(1)),
        ("2027-01-31T15:00", json!(0)),
        ("2027-02-31T15:00", json!(1)),
    ] {
        assert!(request(&run, &args(when, long), &about()).is_err(), "{when}");
    }
}

#[test]
fn an_email_goes_to_one_line_and_to_somebody() {
    let run = run(json!({ "kind": "email", "to": "{visitor.email}", "subject": "{what}", "text": "{what}" }));
    let said = |what: &str| args(json!({ "what": what }));
    assert!(
        matches!(request(&run, &said("Hello"), &about()), Ok(Request::Email { to, .. }) if to == "ann@example.org")
    );
    assert!(request(&run, &said("a\r\nBcc: all@example.org"), &about()).is_err());
    let nobody = About {
        visitor_email: None,
        ..about()
    };
    assert!(request(&run, &said("Hello"), &nobody).is_err());
}

proptest! {
    #[test]
    fn texts_without_names_stay_as_they_are(text in "[^{]{0,40}|[{} ]{0,40}", value in ".{0,20}") {
        let args = args(json!({ "b": value.clone() }));
        let known = filled(&text, &args, &about());
        prop_assert_eq!(known, text);
        prop_assert_eq!(filled("<{b}>", &args, &about()), format!("<{value}>"));
    }
}
