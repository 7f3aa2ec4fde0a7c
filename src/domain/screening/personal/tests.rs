use super::*;
use proptest::prelude::*;

/// Pieces of a text: kind and text.
fn pieces(text: &str) -> Vec<(Kind, &str)> {
    personal_data(text)
        .into_iter()
        .map(|found| (found.kind, &text[found.start..found.end]))
        .collect()
}

#[test]
fn each_kind_is_found_with_its_place() {
    for (text, kind, piece) in [
        ("Write to mia.berg@example.org.", Kind::Email, "mia.berg@example.org"),
        ("mia at example dot com please", Kind::Email, "mia at example dot com"),
        ("Call me on (020) 7946-0958 today", Kind::Phone, "(020) 7946-0958"),
        ("+49 30 901820 is my number", Kind::Phone, "+49 30 901820"),
        ("Tel. 0171 2345678", Kind::Phone, "0171 2345678"),
        ("fax 212.555.0147x22", Kind::Phone, "212.555.0147x22"),
        (
            "IBAN DE89 3704 0044 0532 0130 00, thanks",
            Kind::Iban,
            "DE89 3704 0044 0532 0130 00",
        ),
        (
            "my card 4111 1111 1111 1111 was lost",
            Kind::Card,
            "4111 1111 1111 1111",
        ),
        ("from 192.0.2.17 all day", Kind::Ip, "192.0.2.17"),
        ("from 2001:db8::17 all day", Kind::Ip, "2001:db8::17"),
        ("I was born on 3 May 1990", Kind::DateOfBirth, "3 May 1990"),
        ("Geburtsdatum: 03.05.1990", Kind::DateOfBirth, "03.05.1990"),
        ("SSN 536-90-4399", Kind::IdNumber, "536-90-4399"),
        ("Reisepass C01X00T47", Kind::IdNumber, "C01X00T47"),
        ("codice fiscale RSSMRA85T10A562S", Kind::IdNumber, "RSSMRA85T10A562S"),
        ("my driving licence is 481195160", Kind::IdNumber, "481195160"),
        (
            "I live at 12 Baker Street, London",
            Kind::Address,
            "12 Baker Street, London",
        ),
        ("Ich wohne in der Ziegelgasse 26", Kind::Address, "Ziegelgasse 26"),
        ("Envoyez-le au 48 rue Descartes", Kind::Address, "48 rue Descartes"),
        ("ZIP: 94107", Kind::Address, "94107"),
        ("My name is Jane van Dyke and I wait", Kind::Name, "Jane van Dyke"),
        ("my name is jane", Kind::Name, "jane"),
        ("Ask Mrs. Kupcová about it", Kind::Name, "Kupcová"),
        ("Ich heiße Jürgen Groß.", Kind::Name, "Jürgen Groß"),
    ] {
        assert!(pieces(text).contains(&(kind, piece)), "{text}: {:?}", pieces(text));
    }
}

#[test]
fn figures_that_belong_to_nobody_stay() {
    for text in [
        "Order 4471 has 3 items for 1 250 000 EUR",
        "My order number is 2024-00123456",
        "Open 9:00-17:00, closed on 24.12.2026",
        "The 5 km way by the road takes 2 hours",
        "Version 1.2.3 of the app, article 4006381333931",
        "Can I pay by card? What is the address of the shop?",
        "My name is spelled wrong on the invoice",
        "What is the name of the brand?",
        "Delivered via DHL 3 days ago",
    ] {
        assert_eq!(pieces(text), [], "{text}");
    }
}

#[test]
fn a_mask_says_what_it_hides() {
    assert_eq!(
        mask("Call +49 30 901820 or write to mia@example.org"),
        "Call [phone] or write to [email]"
    );
    assert_eq!(
        mask_certain("listening on 127.0.0.1:8080 for mia@example.org"),
        "listening on 127.0.0.1:8080 for [email]"
    );
}

proptest! {
    #[test]
    fn places_are_in_order_apart_and_on_characters(text in any::<String>()) {
        let mut end = 0;
        for found in personal_data(&text) {
            prop_assert!(found.start >= end && found.end > found.start);
            prop_assert!(text.get(found.start..found.end).is_some());
            end = found.end;
        }
    }

    #[test]
    fn figures_and_signs_in_any_order_are_survived(text in "[0-9a-zA-Z@.,:/()+# x-]{0,120}") {
        let _masked = mask(&text);
    }

    #[test]
    fn an_address_in_the_middle_of_anything_is_masked(before in "[a-z ]{0,30}", after in "[a-z ]{0,30}") {
        let text = format!("{before} mia@example.org {after}");
        prop_assert!(!mask(&text).contains("mia@example.org"));
    }
}
