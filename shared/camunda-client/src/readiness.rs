//! Whether the engine is there, and whether it can work.

use serde::Deserialize;

use crate::calls::CallKind;
use crate::client::EngineClient;
use crate::error::EngineError;

#[derive(Deserialize)]
struct VersionBody {
    version: String,
}

#[derive(Deserialize)]
struct CountBody {
    count: u64,
}

impl EngineClient {
    /// The engine's version; answered even while its database is down.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn get_version(&self) -> Result<String, EngineError> {
        let body: VersionBody = self.ask(self.get(CallKind::Version, &["version"])?).await?;
        Ok(body.version)
    }

    /// Counts process definitions; an answer proves that engine and database can work.
    ///
    /// # Errors
    /// [`EngineError::DatabaseUnavailable`] while the database is down.
    pub async fn check_ready(&self) -> Result<u64, EngineError> {
        let call = self.get(CallKind::Readiness, &["process-definition", "count"])?;
        let body: CountBody = self.ask(call).await?;
        Ok(body.count)
    }
}
