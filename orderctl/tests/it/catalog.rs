//! Catalogues: listed, shown, compared, and applied only after somebody has seen what changes.

use std::path::PathBuf;

use orderctl::exit::Exit;
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, ResponseTemplate};

use crate::desk::{Desk, Ended, header, problem};

/// A document in a file of its own.
struct File(PathBuf);

impl File {
    fn with(name: &str, text: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn of(name: &str) -> Self {
        Self::with(name, &document().to_string())
    }

    fn name(&self) -> String {
        self.0.display().to_string()
    }
}

fn document() -> Value {
    json!({"version": 4, "products": [{"code": "FIXED_IP", "name": "Fixed IP"}]})
}

fn preview() -> Value {
    let changes = json!([
        {"kind": "CHANGED", "pointer": "/products/1/name", "before": "Internet", "after": "Access"},
        {"kind": "CHANGED", "pointer": "/products/1/rules/0/steps/0/deadline/hours", "action": "ADD",
         "stepKey": "ship-router", "before": 8, "after": 4},
        {"kind": "REMOVED", "pointer": "/products/1/rules/0/steps/1", "action": "ADD",
         "stepKey": "call-customer"},
        {"kind": "CHANGED", "pointer": "/products/1/rules/0/requires", "action": "ADD",
         "before": ["siteId"], "after": []},
    ]);
    json!({
        "verdict": "PREVIEW", "problems": [], "version": 4, "previousVersion": 3, "productCount": 12,
        "digest": "d", "difference": {
            "productsAdded": ["FIXED_IP"], "productsRemoved": ["SITE_MONITORING"],
            "productsChanged": [{"productCode": "INTERNET_ACCESS", "changes": changes}],
            "calendars": [{"kind": "ADDED", "pointer": "/calendars/north"}], "placesLeftOut": 2,
        },
        "sentences": ["Products: 1 added, 1 removed, 1 changed.",
            "Orders that are decomposed already keep version 3."],
        "links": {"current": "/catalogues/current"},
    })
}

fn with_problem(code: &str) -> Value {
    let mut preview = preview();
    preview["problems"] = json!([{"code": code, "pointer": "/version", "detail": "Raise it."}]);
    preview
}

/// Answers a comparison with `preview`, and everything else with `applied`.
async fn desk(preview: &Value, applied: ResponseTemplate) -> Desk {
    let desk = Desk::new().await;
    let post = || Mock::given(method("POST")).and(path("/catalogues"));
    let compared = ResponseTemplate::new(200).set_body_json(preview);
    let compares = post().and(query_param("preview", "true")).respond_with(compared);
    compares.mount(&desk.server).await;
    let applies = post().and(query_param_is_missing("preview")).respond_with(applied);
    applies.mount(&desk.server).await;
    desk
}

fn applied() -> ResponseTemplate {
    let answer = json!({"verdict": "APPLIED", "version": 4, "previousVersion": 3, "problems": []});
    ResponseTemplate::new(200).set_body_json(answer)
}

/// What a command asked: comparisons and applications.
async fn asked(desk: &Desk) -> (usize, usize) {
    let asked = desk.asked().await;
    let compared = asked.iter().filter(|x| x.contains("preview=true")).count();
    (compared, asked.len() - compared)
}

#[tokio::test]
async fn versions_are_listed_with_the_current_one_marked() {
    let desk = Desk::new().await;
    let version = |version: u32, is_current: bool| {
        json!({"version": version, "productCount": 12,
        "isCurrent": is_current, "loadedAt": "2026-03-02T07:48:00Z", "digest": "0d3c1c3f"})
    };
    let page = json!({"catalogues": [version(4, true), version(3, false)], "links": {}});
    desk.shows("/catalogues", page).await;

    let ended = desk.types("catalog list --limit 2").await;

    assert_eq!(desk.asked().await, ["GET /catalogues?limit=2"]);
    assert_eq!(
        ended.stdout,
        "VERSION  CURRENT  PRODUCTS  LOADED                DIGEST\n\
         4        current  12        2026-03-02 07:48:00Z  0d3c1c3f\n\
         3        -        12        2026-03-02 07:48:00Z  0d3c1c3f\n"
    );
}

#[tokio::test]
async fn a_version_is_shown_with_its_products_or_as_the_document_to_edit() {
    let desk = Desk::new().await;
    let rule = json!({"action": "ADD", "steps": [{}, {}]});
    let document = json!({"version": 3, "products": [
        {"code": "BUNDLE", "name": "Bundle", "bundle": true},
        {"code": "ROUTER_RENTAL", "name": "Router rental", "rules": [rule]},
    ]});
    let answer = json!({"version": 3, "isCurrent": true, "loadedAt": "2026-03-02T07:48:00Z",
        "digest": "0d3c1c3f", "productCount": 2, "document": document});
    desk.shows("/catalogues/current", answer.clone()).await;
    desk.shows("/catalogues/3", answer).await;

    let people = desk.types("catalog show").await;
    let to_edit = desk.types("catalog show 3 --document").await;

    assert_eq!(desk.asked().await, ["GET /catalogues/current", "GET /catalogues/3"]);
    insta::assert_snapshot!("catalogue_shown", people.stdout);
    assert_eq!(serde_json::from_str::<Value>(&to_edit.stdout).unwrap(), document);
}

#[tokio::test]
async fn a_comparison_says_what_changes_and_writes_nothing() {
    let (desk, file) = (desk(&preview(), applied()).await, File::of("compared"));

    let ended = desk.types(&format!("catalog diff {}", file.name())).await;

    assert_eq!((ended.exit, asked(&desk).await), (Exit::Done, (1, 0)));
    let sent = &desk.requests().await[0];
    assert_eq!(sent.body_json::<Value>().unwrap(), document());
    assert_eq!((header(sent, "if-match"), header(sent, "idempotency-key")), (None, None));
    insta::assert_snapshot!("catalogue_compared", ended.stdout);
}

#[tokio::test]
async fn a_problem_ends_a_comparison_and_an_application_before_anything_is_written() {
    let file = File::of("problem");
    for (code, exit) in [
        ("CATALOGUE_INVALID", Exit::Refused),
        ("CATALOGUE_VERSION_TAKEN", Exit::Refused),
        ("VERSION_CONFLICT", Exit::Stale),
    ] {
        for command in ["diff", "apply --yes", "apply --yes -o json"] {
            let desk = desk(&with_problem(code), applied()).await;

            let ended = desk.types(&format!("catalog {command} {}", file.name())).await;

            assert_eq!((ended.exit, asked(&desk).await), (exit, (1, 0)), "{code} {command}");
            let told =
                format!("problem: {code} /version: Raise it.\n  next: orderctl --explain {code}\n");
            assert_eq!(ended.stderr, told, "{command}");
        }
    }
}

#[tokio::test]
async fn an_application_is_shown_asked_for_and_follows_what_it_was_compared_with() {
    let file = File::of("asked");
    for (reply, is_applied) in [("y", true), ("YES\n", true), ("n", false), ("", false)] {
        let desk = desk(&preview(), applied()).await;

        let ended = desk.types_and_answers(reply, &format!("catalog apply {}", file.name())).await;

        assert_eq!(ended.exit, Exit::Done, "{reply}: {ended:?}");
        assert_eq!(asked(&desk).await, (1, usize::from(is_applied)), "{reply}");
        assert!(ended.stdout.contains("+ FIXED_IP"), "{}", ended.stdout);
        assert!(ended.stderr.contains("apply version 4? [y/N]"), "{}", ended.stderr);
        assert_eq!(ended.stdout.ends_with("APPLIED version 4\n"), is_applied);
        if is_applied {
            let sent = &desk.requests().await[1];
            assert_eq!(header(sent, "if-match"), Some("\"3\""));
            assert_eq!(header(sent, "if-none-match"), None);
            assert!(header(sent, "idempotency-key").is_some_and(|key| key.len() == 38));
        }
    }
}

#[tokio::test]
async fn where_nobody_can_be_asked_nothing_is_written_without_yes() {
    let file = File::of("nobody");
    for (options, exit, expected) in [
        ("", Exit::Usage, (1, 0)),
        ("-o json", Exit::Usage, (0, 0)),
        ("--yes", Exit::Done, (1, 1)),
        ("--yes -o json", Exit::Done, (1, 1)),
    ] {
        let desk = desk(&preview(), applied()).await;

        let ended = desk.types(&format!("catalog apply {} {options}", file.name())).await;

        assert_eq!((ended.exit, asked(&desk).await), (exit, expected), "{options}: {ended:?}");
        if options.contains("json") && exit == Exit::Done {
            let only: Value = serde_json::from_str(&ended.stdout).unwrap();
            assert_eq!(only["verdict"], "APPLIED");
        }
    }
}

#[tokio::test]
async fn the_first_catalogue_of_a_tenant_follows_nothing() {
    let mut first = preview();
    first.as_object_mut().unwrap().remove("previousVersion");
    let (desk, file) = (desk(&first, applied()).await, File::of("first"));

    let ended = desk.types(&format!("catalog apply {} --yes", file.name())).await;

    assert_eq!(ended.exit, Exit::Done);
    assert!(ended.stdout.starts_with("no catalogue → version 4\n"), "{}", ended.stdout);
    let sent = &desk.requests().await[1];
    assert_eq!((header(sent, "if-match"), header(sent, "if-none-match")), (None, Some("*")));
}

#[tokio::test]
async fn a_catalogue_that_was_decided_on_earlier_is_named_in_the_comparison_too() {
    let (desk, file) = (desk(&preview(), applied()).await, File::of("decided"));

    desk.types(&format!("catalog apply {} --yes --if-match 3", file.name())).await;

    let requests = desk.requests().await;
    assert_eq!(header(&requests[0], "if-match"), Some("\"3\""));
    assert_eq!(header(&requests[1], "if-match"), Some("\"3\""));
}

#[tokio::test]
async fn a_lost_answer_names_the_command_that_repeats_it_and_the_repeat_only_applies() {
    let broken = problem(500, json!({"code": "INTERNAL_ERROR"}));
    let (first, file) = (desk(&preview(), broken).await, File::of("lost"));

    let lost = first.types(&format!("catalog apply {} --yes", file.name())).await;

    assert_eq!(lost.exit, Exit::Technical);
    let key =
        header(&first.requests().await[1], "idempotency-key").unwrap().trim_matches('"').to_owned();
    let again = format!("--idempotency-key {key} --if-match 3");
    assert!(lost.stderr.contains(&again), "{}", lost.stderr);

    // It was done: whoever compares now would be told that it is stale.
    let second = desk(&with_problem("VERSION_CONFLICT"), applied()).await;
    let repeated = second.types(&format!("catalog apply {} {again}", file.name())).await;

    assert_eq!((repeated.exit, asked(&second).await), (Exit::Done, (0, 1)));
    let sent = &second.requests().await[0];
    assert_eq!(header(sent, "idempotency-key"), Some(format!("\"{key}\"").as_str()));
}

#[tokio::test]
async fn somebody_who_was_faster_is_told_of_with_what_to_do_next() {
    let stale = problem(412, json!({"code": "VERSION_CONFLICT", "title": "Somebody changed it."}));
    let (desk, file) = (desk(&preview(), stale).await, File::of("stale"));

    let ended = desk.types(&format!("catalog apply {} --yes", file.name())).await;

    assert_eq!(ended.exit, Exit::Stale);
    assert!(ended.stderr.contains("read it again (orderctl catalog show)"), "{}", ended.stderr);
}

#[tokio::test]
async fn what_is_no_document_or_no_command_is_told_before_anything_is_sent() {
    let desk = desk(&preview(), applied()).await;
    let (good, bad) = (File::of("good"), File::with("bad", "{"));
    let usage =
        |ended: Ended, words: &str| assert_eq!(ended.exit, Exit::Usage, "{words}: {ended:?}");
    for words in [
        format!("diff {}", bad.name()),
        format!("apply --yes {}", bad.name()),
        "diff /nowhere/at/all.json".to_owned(),
        format!("apply {} --yes --idempotency-key k-1", good.name()),
        format!("apply {} --yes --first --if-match 3", good.name()),
        "show 0".to_owned(),
    ] {
        usage(desk.types(&format!("catalog {words}")).await, &words);
    }
    assert!(desk.asked().await.is_empty());
}
