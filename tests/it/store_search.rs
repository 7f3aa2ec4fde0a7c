//! Search by words, the same on both databases.
#![expect(
    clippy::large_types_passed_by_value,
    reason = "ids of planted rows are copied like ids"
)]

use super::store_bench::{AT, Bench, Planted, entry, on_both, plant_empty};
use holdpoint::domain::ids::DocumentId;
use holdpoint::store::entity::document;
use holdpoint::store::{Change, Store, StoreError};
use uuid::Uuid;

const TEXTS: [(&str, &str); 5] = [
    ("Opening hours", "We open at nine and close at six."),
    (
        "Delivery",
        "Parcels arrive within three days. Opening the box yourself is fine.",
    ),
    ("Café", "The café serves crêpes and Brötchen."),
    ("Returns", "Send it back within 30 days; hours do not matter."),
    ("営業時間", "九時から六時まで。"),
];

async fn add(store: &Store, planted: Planted) -> Vec<DocumentId> {
    let rows: Vec<document::Model> = TEXTS
        .iter()
        .map(|(title, body)| document::Model {
            id: Uuid::now_v7().into(),
            ..planted.document_row(title, body)
        })
        .collect();
    let ids = rows.iter().map(|row| row.id).collect();
    let write = store.write(planted.workspace, move |tx| {
        let rows = rows.clone();
        Box::pin(async move {
            for row in rows {
                tx.insert(row).await?;
            }
            Ok::<_, StoreError>(Change::Logged((), entry()))
        })
    });
    write.await.unwrap();
    ids
}

async fn titles(store: &Store, planted: Planted, words: &str) -> Vec<String> {
    let found = store
        .rows(planted.workspace)
        .documents_with_words(words, 3)
        .await
        .unwrap();
    found.into_iter().map(|row| row.title).collect()
}

async fn set_up(bench: &Bench) -> (Store, Planted) {
    let store = bench.store().await;
    let planted = plant_empty(&store).await;
    (store, planted)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_with_the_words_in_its_title_comes_first() {
    on_both(async |bench| {
        let (store, planted) = set_up(bench).await;
        add(&store, planted).await;
        let found = titles(&store, planted, "What are your OPENING hours?").await;
        assert_eq!(found.first().map(String::as_str), Some("Opening hours"));
        assert!(
            found.contains(&"Delivery".to_owned()) && found.contains(&"Returns".to_owned()),
            "{found:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accents_do_not_matter() {
    on_both(async |bench| {
        let (store, planted) = set_up(bench).await;
        add(&store, planted).await;
        for words in ["cafe", "Café", "CREPES", "brotchen", "Brötchen"] {
            assert_eq!(titles(&store, planted, words).await, ["Café"], "{words}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_a_visitor_is_read_as_a_query() {
    on_both(async |bench| {
        let (store, planted) = set_up(bench).await;
        add(&store, planted).await;
        let long = "word ".repeat(20_000);
        let hostile = [
            "",
            " \t\n",
            "\"",
            "'; DROP TABLE documents; --",
            "NOT nine",
            "title:hours OR",
            "hours*",
            "a & b | !c <-> (",
            "NEAR(hours nine, 2)",
            "\\ : * ^ ~ {",
            "🙂🙃",
            "½ ² ① ﷺ",
            "\u{202e}sruoh",
            "e\u{301}",
            long.as_str(),
        ];
        for words in hostile {
            titles(&store, planted, words).await;
        }
        assert_eq!(titles(&store, planted, "nine").await, ["Opening hours"]);
        assert_eq!(titles(&store, planted, "営業時間").await, ["営業時間"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_follows_changes_and_removals() {
    on_both(async |bench| {
        let (store, planted) = set_up(bench).await;
        let ids = add(&store, planted).await;
        let (hours, delivery) = (ids[0], ids[1]);
        let write = store.write(planted.workspace, move |tx| {
            Box::pin(async move {
                let row = tx.document(hours).await?.unwrap();
                tx.update(document::Model {
                    body: "We open at ten.".to_owned(),
                    ..row
                })
                .await?;
                let row = tx.document(delivery).await?.unwrap();
                tx.update(document::Model {
                    removed_at: Some(AT),
                    ..row
                })
                .await?;
                Ok::<_, StoreError>(Change::Logged((), entry()))
            })
        });
        write.await.unwrap();
        assert_eq!(titles(&store, planted, "ten").await, ["Opening hours"]);
        assert!(titles(&store, planted, "nine").await.is_empty());
        assert!(titles(&store, planted, "parcels").await.is_empty());
        let id = bench.uuid(hours);
        bench
            .sql(&format!("DELETE FROM documents WHERE id = {id}"))
            .await
            .unwrap();
        assert!(titles(&store, planted, "ten").await.is_empty());
    })
    .await;
}
