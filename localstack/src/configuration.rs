//! Catalogue and target systems of a tenant: data that a stack is given, not code.

use std::path::Path;

use anyhow::{Context, Result};
use catalogue_loading::{CheckedCatalogue, LoadError};
use jiff::Timestamp;
use order_domain::tenant::TenantId;
use order_store::{DatabaseSettings, Store, target_system};
use serde_json::Value;

use crate::progress::Progress;
use crate::secrets::{self, TENANT};
use crate::simulator;
use crate::stack::{StackLayout, StackState};

/// Stands for the simulator's address in `catalog/target-systems.json`.
const SIMULATOR: &str = "{simulator}";

/// Loads the samples of `catalog/` for the demo tenant; may be repeated.
///
/// # Errors
/// Files that break their rules, or a database that is not migrated.
pub async fn load_samples(layout: &StackLayout, progress: &Progress) -> Result<()> {
    let step = progress.step("configuration");
    let folder = layout.workspace().join("catalog");
    let version = load_catalogue(layout, TENANT, &folder.join("catalogue.json")).await?;
    let systems = load_systems(layout, &folder.join("target-systems.json")).await?;
    step.done(&format!("catalogue version {version}, {systems} target systems"));
    Ok(())
}

/// Checks a catalogue and makes it the tenant's current one; answers its version.
///
/// # Errors
/// All problems of the catalogue at once, each with its JSON pointer; or a version that is taken.
pub async fn load_catalogue(layout: &StackLayout, tenant: &str, file: &Path) -> Result<i32> {
    let catalogue = CheckedCatalogue::parse(read(file)?)
        .with_context(|| format!("{} is refused", file.display()))?;
    let store = owner_store(layout).await?;
    let tenant: TenantId = tenant.parse()?;
    match catalogue_loading::load(&store, &tenant, &catalogue, Timestamp::now()).await {
        Err(error @ LoadError::Store(_)) => {
            Err(error).context("is the database migrated (`cargo local up`)?")
        }
        loaded => Ok(loaded?.version),
    }
}

/// Replaces the sample systems by the same ones with little patience: a run under faults would
/// otherwise spend its time waiting for time limits.
///
/// # Errors
/// As for [`load_samples`].
pub async fn load_impatient_systems(layout: &StackLayout) -> Result<()> {
    let file = layout.workspace().join("catalog/target-systems.json");
    load_systems_as(layout, &file, |settings| {
        settings["requestTimeoutMs"] = 2000.into();
        settings["connectTimeoutMs"] = 1000.into();
        settings["responseDueMs"] = 4000.into();
        settings["retryPolicy"]["maxAttempts"] = 8.into();
        settings["retryPolicy"]["capMs"] = 4000.into();
    })
    .await
    .map(drop)
}

async fn load_systems(layout: &StackLayout, file: &Path) -> Result<usize> {
    load_systems_as(layout, file, |_| {}).await
}

async fn load_systems_as(
    layout: &StackLayout,
    file: &Path,
    change: impl Fn(&mut Value),
) -> Result<usize> {
    let state = StackState::load(layout)?;
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read {}", file.display()))?
        .replace(SIMULATOR, state.endpoint(simulator::URL)?);
    let tenants: Value = serde_json::from_str(&text)?;
    let systems = systems(&tenants).with_context(|| format!("{} is refused", file.display()))?;
    let store = owner_store(layout).await?;
    let mut count = 0;
    for (tenant, mut entries) in systems {
        entries.iter_mut().for_each(|(_, settings)| change(settings));
        let tx = store.tenant_tx(&tenant.parse()?).await?;
        target_system::apply(tx, &entries, Timestamp::now()).await?;
        count += entries.len();
    }
    Ok(count)
}

/// Row level security binds the owner, too: each write names its tenant.
async fn owner_store(layout: &StackLayout) -> Result<Store> {
    let secret = secrets::owner_database(layout)?;
    let settings = DatabaseSettings::parse(&secret.to_string().into())?;
    Ok(Store::connect(&settings, None, 1).await?)
}

fn read(file: &Path) -> Result<Value> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

/// A system's name and its settings.
type SystemSettings = (String, Value);

/// The systems of every tenant.
fn systems(tenants: &Value) -> Result<Vec<(String, Vec<SystemSettings>)>> {
    let mut systems = Vec::new();
    for (tenant, entries) in tenants.as_object().context("not an object of tenants")? {
        let entries = entries.as_array().with_context(|| format!("/{tenant} is no list"))?;
        let of_tenant = entries.iter().map(|entry| {
            let system = entry["system"].as_str().context("an entry names no system")?;
            Ok((system.to_owned(), entry["settings"].clone()))
        });
        systems.push((tenant.clone(), of_tenant.collect::<Result<_>>()?));
    }
    Ok(systems)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_samples_of_this_workspace_are_accepted() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalog");

        assert!(CheckedCatalogue::parse(read(&folder.join("catalogue.json")).unwrap()).is_ok());
        assert!(!systems(&read(&folder.join("target-systems.json")).unwrap()).unwrap().is_empty());
    }

    #[test]
    fn every_entry_belongs_to_its_tenant() {
        let tenants = json!({"acme": [{"system": "BILLING", "settings": {"x": 1}}]});

        let expected = vec![("BILLING".to_owned(), json!({"x": 1}))];
        assert_eq!(systems(&tenants).unwrap(), [("acme".to_owned(), expected)]);
    }
}
