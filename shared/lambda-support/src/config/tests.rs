use super::*;

#[test]
fn all_problems_are_reported_at_once_and_name_the_variable_but_not_the_value() {
    let settings = Settings::from_pairs([
        ("OMS_URL", "ftp://user:hunter2@host"),
        ("OMS_COUNT", "eleven"),
        ("OMS_BLANK", "  "),
    ]);
    let url = settings.url("OMS_URL");
    let count = settings.u64_in("OMS_COUNT", 1, 1..=10);
    let blank = settings.text("OMS_BLANK");

    let error = settings.finish(|| Some((url?, count?, blank?))).expect_err("three are wrong");

    assert_eq!(error.problems().len(), 3);
    let text = error.to_string();
    for name in ["OMS_URL", "OMS_COUNT", "OMS_BLANK"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains("hunter2") && !text.contains("eleven"), "{text}");
}

#[test]
fn valid_settings_and_defaults_build_the_config() {
    let settings = Settings::from_pairs([("OMS_URL", "https://engine.example/engine-rest")]);

    let url = settings.url("OMS_URL");
    let count = settings.u64_in("OMS_COUNT", 7, 1..=10);
    let pause = settings.millis("OMS_PAUSE_MS", 250, 1..=1000);
    let optional = settings.optional_url("OMS_OTHER");
    let built = settings.finish(|| Some((url?, count?, pause?, optional?))).expect("all valid");

    assert_eq!(built.0.as_str(), "https://engine.example/engine-rest");
    assert_eq!((built.1, built.2, built.3), (7, Duration::from_millis(250), None));
}

#[test]
fn urls_with_credentials_query_or_fragment_are_refused() {
    for value in
        ["https://a:b@host/", "https://a@host/", "https://host/?x=1", "https://host/#x", "host:1"]
    {
        let settings = Settings::from_pairs([("OMS_URL", value)]);
        assert!(settings.url("OMS_URL").is_none(), "{value}");
    }
}

#[test]
fn numbers_outside_the_range_are_refused_at_both_ends() {
    for (value, expected) in [("0", None), ("1", Some(1)), ("10", Some(10)), ("11", None)] {
        let settings = Settings::from_pairs([("OMS_COUNT", value)]);
        assert_eq!(settings.u64_in("OMS_COUNT", 5, 1..=10), expected, "{value}");
    }
}

#[test]
fn values_do_not_appear_in_debug_output() {
    let settings = Settings::from_pairs([("AWS_SESSION_TOKEN", "hunter2")]);

    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_parser_of_the_function_reports_its_own_problem() {
    let settings = Settings::from_pairs([("OMS_TENANT", "ACME")]);
    let tenant = settings.parsed("OMS_TENANT", |text| {
        text.parse::<order_domain::tenant::TenantId>().map_err(|error| error.to_string())
    });

    let error = settings.finish(|| tenant).expect_err("upper case is no tenant");
    assert!(error.problems()[0].starts_with("OMS_TENANT a tenant is"));
}
