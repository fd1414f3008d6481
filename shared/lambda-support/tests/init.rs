//! Starting a function, in a process of its own because logs and the panic hook are global.

#[test]
fn starting_twice_is_harmless() {
    assert!(lambda_support::init("billing-activate").is_ok());
    assert!(lambda_support::init("billing-activate").is_ok());
}
