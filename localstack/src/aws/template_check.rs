//! Rules that `template.yaml` keeps, as tests: least privilege, dead letters, retries, alarms.
//!
//! They read the file and not the emulator, which enforces none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::yaml;

/// There is no resource that these could be narrowed to.
const NETWORK_ACTIONS: [&str; 6] = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn resources() -> Map<String, Value> {
    let text = std::fs::read_to_string(workspace().join("template.yaml")).unwrap();
    yaml::parse(&text).unwrap()["Resources"].as_object().unwrap().clone()
}

fn of_type(kind: &str) -> BTreeMap<String, Value> {
    let all = resources().into_iter().filter(|(_, resource)| resource["Type"] == kind);
    all.map(|(id, resource)| (id, resource["Properties"].clone())).collect()
}

fn functions() -> BTreeMap<String, Value> {
    of_type("AWS::Serverless::Function")
}

/// Every statement of every policy, wherever it stands, with the resource it belongs to.
fn statements() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (id, resource) in resources() {
        collect_statements(&id, &resource, &mut found);
    }
    assert!(found.len() > 15, "the search finds policies");
    found
}

fn collect_statements(id: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(object) if object.contains_key("Effect") => {
            found.push((id.to_owned(), value.clone()));
        }
        Value::Object(object) => object.values().for_each(|v| collect_statements(id, v, found)),
        Value::Array(items) => items.iter().for_each(|v| collect_statements(id, v, found)),
        _ => {}
    }
}

/// One text or a list of texts, as IAM allows both.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Object(object) => object.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn events(function: &Value, kind: &str) -> Vec<Value> {
    let events = function["Events"].as_object().into_iter().flatten();
    let matching = events.filter(|(_, event)| event["Type"] == kind);
    matching.map(|(_, event)| event["Properties"].clone()).collect()
}

/// The logical id in `{"Fn::GetAtt": [id, …]}` or `{"Ref": id}`.
fn target(value: &Value) -> String {
    let id = value.get("Ref").or_else(|| value["Fn::GetAtt"].get(0));
    id.and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[test]
fn no_action_of_a_policy_has_a_wildcard() {
    for (id, statement) in statements() {
        let actions = texts(&statement["Action"]);

        assert!(!actions.is_empty(), "{id} names its actions");
        assert!(actions.iter().all(|action| !action.contains('*')), "{id}: {actions:?}");
        assert!(statement.get("NotAction").is_none(), "{id}");
    }
}

#[test]
fn a_resource_is_open_only_for_network_interfaces_or_behind_a_full_prefix() {
    for (id, statement) in statements() {
        let actions = texts(&statement["Action"]);
        let is_network = actions.iter().all(|action| NETWORK_ACTIONS.contains(&action.as_str()));
        for resource in texts(&statement["Resource"]) {
            let prefix = resource.trim_end_matches('*');
            let is_narrow = !prefix.contains('*')
                && (prefix == resource || prefix.contains(":secret:") && prefix.ends_with('/'));

            assert!(is_narrow || is_network && resource == "*", "{id}: {resource}");
        }
        assert!(statement.get("NotResource").is_none(), "{id}");
    }
}

#[test]
fn every_function_has_a_role_of_its_own() {
    let roles: BTreeMap<String, String> =
        functions().iter().map(|(id, function)| (id.clone(), target(&function["Role"]))).collect();
    let distinct: BTreeSet<&String> = roles.values().collect();
    let known = of_type("AWS::IAM::Role");

    assert_eq!(distinct.len(), roles.len());
    for (function, role) in &roles {
        assert!(known.contains_key(role), "{function} has {role}");
        assert_eq!(function.trim_end_matches("Function"), role.trim_end_matches("Role"));
    }
}

#[test]
fn only_a_function_may_assume_the_role_of_a_function_and_no_foreign_policy_is_attached() {
    for function in functions().values() {
        let role = &of_type("AWS::IAM::Role")[&target(&function["Role"])];
        let trust = role["AssumeRolePolicyDocument"].to_string();

        assert!(trust.contains("lambda.amazonaws.com") && !trust.contains('*'), "{trust}");
        assert!(!role["ManagedPolicyArns"].to_string().contains("arn:"), "{role}");
    }
}

#[test]
fn every_schedule_gives_up_at_once_and_keeps_what_it_could_not_deliver() {
    let scheduled: Vec<(String, Value)> = functions()
        .into_iter()
        .filter(|(_, function)| !events(function, "Schedule").is_empty())
        .collect();

    assert!(!scheduled.is_empty());
    for (id, function) in scheduled {
        for schedule in events(&function, "Schedule") {
            assert_eq!(schedule["RetryPolicy"]["MaximumRetryAttempts"], 0, "{id}");
            assert_eq!(schedule["RetryPolicy"]["MaximumEventAgeInSeconds"], 60, "{id}");
            assert!(!target(&schedule["DeadLetterConfig"]["Arn"]).is_empty(), "{id}");
        }
        assert_eq!(function["EventInvokeConfig"]["MaximumRetryAttempts"], 0, "{id}");
        assert_eq!(function["EventInvokeConfig"]["MaximumEventAgeInSeconds"], 60, "{id}");
        assert_eq!(function["ReservedConcurrentExecutions"], 1, "{id}");
    }
}

#[test]
fn every_queue_has_a_redrive_policy_or_is_a_dead_letter_queue() {
    let queues = of_type("AWS::SQS::Queue");
    let dead_letter: BTreeSet<String> =
        queues.keys().filter(|id| id.ends_with("DeadLetterQueue")).cloned().collect();

    for (id, queue) in &queues {
        let redrive = &queue["RedrivePolicy"];
        if dead_letter.contains(id) {
            assert_eq!(queue["MessageRetentionPeriod"], 14 * 24 * 3600, "{id}");
        } else {
            assert_eq!(redrive["maxReceiveCount"], 5, "{id}");
            assert!(dead_letter.contains(&target(&redrive["deadLetterTargetArn"])), "{id}");
        }
        assert_eq!(queue["SqsManagedSseEnabled"], true, "{id}");
    }
}

#[test]
fn a_queue_hides_a_message_for_six_times_the_timeout_of_its_consumer() {
    let queues = of_type("AWS::SQS::Queue");
    for (id, function) in functions() {
        for source in events(&function, "SQS") {
            let queue = &queues[&target(&source["Queue"])];
            let visibility = queue["VisibilityTimeout"].as_u64().unwrap();

            assert!(visibility >= 6 * function["Timeout"].as_u64().unwrap(), "{id}");
            assert_eq!(texts(&source["FunctionResponseTypes"]), ["ReportBatchItemFailures"]);
            assert!(source["ScalingConfig"]["MaximumConcurrency"].as_u64() >= Some(2), "{id}");
        }
    }
}

#[test]
fn every_target_of_a_rule_keeps_what_it_could_not_deliver() {
    for (id, rule) in of_type("AWS::Events::Rule") {
        for rule_target in rule["Targets"].as_array().unwrap() {
            assert!(!target(&rule_target["DeadLetterConfig"]["Arn"]).is_empty(), "{id}");
            assert!(rule_target.get("RetryPolicy").is_some(), "{id}");
        }
    }
}

#[test]
fn every_function_writes_to_a_log_group_with_retention() {
    let groups = of_type("AWS::Logs::LogGroup");
    for (id, function) in functions() {
        let group = &groups[&target(&function["LoggingConfig"]["LogGroup"])];
        let name = function["FunctionName"].as_str().unwrap();

        assert_eq!(group["LogGroupName"], format!("/aws/lambda/{name}"), "{id}");
        assert!(group.get("RetentionInDays").is_some(), "{id}");
    }
}

#[test]
fn every_function_and_every_queue_has_an_alarm() {
    let watched: BTreeSet<String> = of_type("AWS::CloudWatch::Alarm")
        .values()
        .flat_map(|alarm| alarm["Dimensions"].as_array().cloned().unwrap_or_default())
        .map(|dimension| target(&dimension["Value"]))
        .collect();

    for id in functions().into_keys().chain(of_type("AWS::SQS::Queue").into_keys()) {
        assert!(watched.contains(&id), "{id} has no alarm");
    }
}

#[test]
fn every_alarm_links_to_a_runbook_that_exists() {
    for (id, alarm) in of_type("AWS::CloudWatch::Alarm") {
        let description = alarm["AlarmDescription"]["Fn::Sub"].as_str().unwrap();
        let (_, file) = description.split_once("Runbook: ${RunbookBaseUrl}/").unwrap();

        assert!(workspace().join("docs/runbooks").join(file).is_file(), "{id}: {file}");
        assert!(alarm["AlarmActions"].to_string().contains("AlarmTopicArn"), "{id}");
    }
}

#[test]
fn a_function_is_called_the_same_everywhere() {
    for (id, function) in functions() {
        let stem = id.strip_suffix("Function").unwrap();
        let words = function["CodeUri"].as_str().unwrap().split('/').nth(1).unwrap();
        let camel: String = words.split('-').map(capitalised).collect();

        assert_eq!(camel, stem);
        assert_eq!(function["FunctionName"], format!("oms-{words}"));
        let build = &resources()[&id]["Metadata"];
        assert_eq!(build["BuildMethod"], "rust-cargolambda");
        assert_eq!(build["BuildProperties"]["Binary"], words);
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[test]
fn a_function_is_given_every_setting_that_its_source_names() {
    let globals = ["OMS_LOG_LEVEL", "OMS_SECRETS_ENDPOINT"];
    for function in functions().values() {
        let name = function["CodeUri"].as_str().unwrap().split('/').nth(1).unwrap();
        let given = function["Environment"]["Variables"].as_object().unwrap();

        for setting in settings_in(&workspace().join("functions").join(name).join("src")) {
            let is_given = given.contains_key(&setting) || globals.contains(&setting.as_str());
            assert!(is_given, "{name} reads {setting}");
        }
    }
}

/// Names of the form `"OMS_…"` in the sources of a crate, tests left out.
fn settings_in(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(settings_in(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let quoted = code.split('"').skip(1).step_by(2);
            let is_setting = |part: &&str| {
                part.strip_prefix("OMS_").is_some_and(|rest| {
                    !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
                })
            };
            found.extend(quoted.filter(is_setting).map(str::to_owned));
        }
    }
    found
}
