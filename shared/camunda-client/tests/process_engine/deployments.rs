//! Deploying, readiness and version.

use camunda_client::{Deployment, EngineError, Resource};

use crate::fixture::{absent, deploy, engine, model};

#[tokio::test]
async fn the_engine_says_its_version_and_counts_definitions() {
    let engine = engine();

    let version = engine.get_version().await.unwrap();

    assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{version}");
    engine.check_ready().await.unwrap();
}

#[tokio::test]
async fn two_files_are_one_deployment_and_the_same_files_again_change_nothing() {
    let engine = engine();
    let files = [model(&absent()), model(&absent())];

    let first = deploy(&engine, &files).await;
    let again = deploy(&engine, &files).await;

    assert_eq!(first.definitions.len(), 2);
    assert!(first.definitions.iter().all(|definition| definition.version == 1));
    assert_eq!((&again.id, again.deployed_at), (&first.id, first.deployed_at));
    assert_eq!(again.definitions, []);
}

#[tokio::test]
async fn a_change_in_one_file_makes_a_new_version_of_both() {
    let engine = engine();
    let mut files = [model(&absent()), model(&absent())];
    deploy(&engine, &files).await;

    files[1].content = files[1].content.replace("TimedOut", "RanOut");
    let second = deploy(&engine, &files).await;

    let versions: Vec<u32> = second.definitions.iter().map(|found| found.version).collect();
    assert_eq!(versions, [2, 2]);
}

#[tokio::test]
async fn a_model_that_is_refused_says_where_and_why() {
    let mut file = model(&absent());
    file.content = file.content.replace("targetRef=\"Verdict\"", "targetRef=\"Nowhere\"");
    let name = file.file_name.clone();
    let deployment =
        Deployment { name: name.clone(), source: "tests".to_owned(), resources: vec![file] };

    let error = engine().deploy(&deployment).await.unwrap_err();

    let EngineError::ModelRefused { problems, .. } = error else { panic!("{error:?}") };
    assert_eq!(problems[0].resource, name);
    assert!(problems[0].message.contains("Nowhere"), "{problems:?}");
    assert!(problems[0].line.is_some());
}

#[tokio::test]
async fn a_file_that_is_no_xml_is_refused() {
    let name = format!("{}.bpmn", absent());
    let resources = vec![Resource { file_name: name.clone(), content: "no model".to_owned() }];
    let deployment = Deployment { name, source: "tests".to_owned(), resources };

    let error = engine().deploy(&deployment).await.unwrap_err();

    assert!(matches!(error, EngineError::ModelRefused { .. }), "{error:?}");
}
