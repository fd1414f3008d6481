//! Makes a catalogue the tenant's current one, or tells what that would change (§9).
//!
//! Nobody overwrites unseen what somebody else applied: the caller says which catalogue it saw as
//! the current one, and the tenant's audit chain, locked before anything is read, lets two at once
//! decide one after the other. What was asked, refused or not, stands in that chain, because a
//! catalogue belongs to no order.

use futures_util::future::try_join3;
use order_domain::catalogue::{
    Catalogue, CatalogueDifference, CatalogueEdition, CatalogueRejection, SeenCatalogue,
    Succession, SuccessionFacts, decide_succession,
};
use order_domain::tenant::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::audit::AuditOutcome;
use crate::catalogue::digest_of;
use crate::change_set::{ChangeSet, CurrentCatalogue, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{KeptAnswer, Written, find_answer, keep_answer, write_once};
use crate::row::Reader;
use crate::tenant_chain::TenantChain;
use crate::tx::{TenantTx, Tx};

const COMMAND: &str = "apply_catalogue";

/// The current one and the one of the new one's version; they may be the same.
pub(crate) const FIND_PREDECESSORS: &str = r"
    select c.version, c.digest, c.is_current, case when c.is_current then c.document end as document
    from product_catalogue c
    where c.tenant_id = $1 and (c.is_current or c.version = $2)";

/// Which catalogue, and which one it is meant to follow.
#[derive(Debug, Clone)]
pub struct ApplyCatalogue {
    /// The document, which a check found valid; a preview may be of one that is only readable.
    pub document: Value,
    /// The same, read.
    pub catalogue: Catalogue,
    /// What the caller knows to be the current one.
    pub seen: SeenCatalogue,
    /// Digest of the request: the same key with another body is refused.
    pub fingerprint: String,
    /// Only tell what would happen.
    pub is_preview: bool,
}

/// What became of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CatalogueVerdict {
    /// Nothing: only asked what would happen.
    Preview,
    /// It is the current one from now on.
    Applied,
    /// It was the current one.
    AlreadyApplied,
}

/// What applying a catalogue did or would do, as it is kept under the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CatalogueReport {
    /// What became of it.
    pub verdict: CatalogueVerdict,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its content.
    pub digest: String,
    /// How many products it has.
    pub product_count: u32,
    /// The version that was the current one before.
    pub previous_version: Option<u32>,
    /// What it changes.
    pub difference: CatalogueDifference,
    /// What that means, in sentences.
    pub sentences: Vec<String>,
}

/// What applying a catalogue came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum ApplyCatalogueOutcome {
    /// Applied, now or before with the same key, or current anyway.
    Done(Box<CatalogueReport>),
    /// Nothing was written; with what would refuse it.
    Foreseen(Box<CatalogueReport>, Option<CatalogueRejection>),
    /// It does not follow the current one.
    Refused(CatalogueRejection),
    /// The key was used with another request.
    KeyReused,
    /// Somebody did the same at the same time: repeat.
    Busy,
}

/// An answer as it is kept under its key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Stored {
    Done(Box<CatalogueReport>),
    Refused(CatalogueRejection),
}

struct Loaded {
    /// Absent for a preview, which locks nothing.
    chain: Option<TenantChain>,
    stored: Option<KeptAnswer<Stored>>,
    facts: SuccessionFacts,
    current: Option<Catalogue>,
}

/// Applies one catalogue. The key of `ctx` makes a repeat answer the same.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn apply_catalogue(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    request: &ApplyCatalogue,
) -> Result<ApplyCatalogueOutcome, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let loaded = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| load(tx, &tenant, (ctx, request)).await)
        .await?;
    if let Some(stored) = loaded.stored {
        tenant_tx.tx.roll_back().await?;
        return Ok(replay(stored));
    }
    let digest = digest_of(&request.document);
    let edition = CatalogueEdition { version: request.catalogue.version, digest };
    let decided = decide_succession(&edition, request.seen, &loaded.facts);
    let report = report(&edition, request, &loaded);
    let Some(chain) = loaded.chain else {
        tenant_tx.tx.roll_back().await?;
        return Ok(ApplyCatalogueOutcome::Foreseen(Box::new(report), decided.err()));
    };
    let mut set = ChangeSet::default();
    let (stored, audited) = match decided {
        Ok(Succession::BecomesCurrent) => {
            push_catalogue(&mut set, (&tenant, ctx), (edition, request));
            let done = CatalogueReport { verdict: CatalogueVerdict::Applied, ..report };
            (Stored::Done(Box::new(done)), AuditOutcome::Applied)
        }
        Ok(Succession::AlreadyCurrent) => {
            let done = CatalogueReport { verdict: CatalogueVerdict::AlreadyApplied, ..report };
            (Stored::Done(Box::new(done)), AuditOutcome::AlreadyApplied)
        }
        Err(rejection) => {
            (Stored::Refused(rejection), AuditOutcome::Refused(rejection.code().to_owned()))
        }
    };
    chain.push(&mut set, ctx, COMMAND, &audited);
    let asked = (ctx, COMMAND, &*request.fingerprint);
    keep_answer(&mut set, tenant.to_string(), asked, &stored)?;
    Ok(match write_once(set, tenant_tx.tx, COMMAND).await? {
        Written::Now => replay(KeptAnswer::Same(stored)),
        Written::SomebodyWasFaster => ApplyCatalogueOutcome::Busy,
    })
}

fn replay(stored: KeptAnswer<Stored>) -> ApplyCatalogueOutcome {
    match stored {
        KeptAnswer::OtherRequest => ApplyCatalogueOutcome::KeyReused,
        KeptAnswer::Same(Stored::Done(report)) => ApplyCatalogueOutcome::Done(report),
        KeptAnswer::Same(Stored::Refused(rejection)) => ApplyCatalogueOutcome::Refused(rejection),
    }
}

/// The chain first: what is read behind its lock is what the one before left.
async fn load(
    tx: &Tx,
    tenant: &TenantId,
    (ctx, request): (&CommandContext, &ApplyCatalogue),
) -> Result<Loaded, StoreError> {
    let chain = async {
        match request.is_preview {
            true => Ok(None),
            false => TenantChain::lock(tx, tenant).await.map(Some),
        }
    };
    // A version that no integer holds is nobody's.
    let version = i32::try_from(request.catalogue.version).ok();
    let params = [(&tenant.as_str() as _, Type::TEXT), (&version as _, Type::INT4)];
    let (chain, stored, found) = try_join3(
        chain,
        find_answer(tx, tenant, (ctx, &request.fingerprint)),
        tx.rows("find_preceding_catalogues", FIND_PREDECESSORS, &params),
    )
    .await?;
    let (mut facts, mut current) = (SuccessionFacts::default(), None);
    for row in &found {
        let r = Reader::new("product_catalogue", row);
        let edition = edition_of(row)?;
        if r.get("is_current")? {
            current = Some(r.json("document")?);
            facts.current = Some(edition.clone());
        }
        if edition.version == request.catalogue.version {
            facts.same_version = Some(edition);
        }
    }
    Ok(Loaded { chain, stored, facts, current })
}

fn edition_of(row: &Row) -> Result<CatalogueEdition, StoreError> {
    let r = Reader::new("product_catalogue", row);
    Ok(CatalogueEdition { version: r.count("version")?, digest: r.get("digest")? })
}

fn report(
    edition: &CatalogueEdition,
    request: &ApplyCatalogue,
    loaded: &Loaded,
) -> CatalogueReport {
    let previous_version = loaded.facts.current.as_ref().map(|x| x.version);
    let difference = CatalogueDifference::between(loaded.current.as_ref(), &request.catalogue);
    CatalogueReport {
        verdict: CatalogueVerdict::Preview,
        version: edition.version,
        digest: edition.digest.clone(),
        product_count: u32::try_from(request.catalogue.products.len()).unwrap_or(u32::MAX),
        previous_version,
        sentences: difference.sentences(previous_version, edition.version),
        difference,
    }
}

fn push_catalogue(
    set: &mut ChangeSet,
    (tenant, ctx): (&TenantId, &CommandContext),
    (edition, request): (CatalogueEdition, &ApplyCatalogue),
) {
    let row = CurrentCatalogue {
        tenant_id: tenant.to_string(),
        version: edition.version,
        document: request.document.clone(),
        digest: edition.digest,
        loaded_at: ctx.now,
    };
    set.push(Part::CurrentCatalogue, &row);
}
