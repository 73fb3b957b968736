//! The cache: one key got, and set when it is absent.

use std::time::Duration;

use anyhow::{Result, ensure};
use redis::AsyncCommands;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use url::Url;

const KEY: &str = "heartbeat";
const VALUE: &str = "Beat";
/// So that the writing side is tried now and then, and the key does not outlive us for long.
const LIFE_SECONDS: u64 = 60;

/// A Redis, or what speaks its protocol. The connection is made by the first beat, and anew after it was lost.
pub(crate) struct Cache {
    connection: ConnectionManager,
}

impl Cache {
    pub(crate) fn open(url: &Url, patience: Duration) -> Result<Cache> {
        let known = matches!(url.scheme(), "redis" | "redis+unix");
        ensure!(
            known,
            "{}:// is not known here; write redis://host:6379 or redis+unix:///path",
            url.scheme()
        );
        let config = ConnectionManagerConfig::new()
            // The next beat tries again.
            .set_number_of_retries(0)
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience));
        let client = redis::Client::open(url.as_str())?;
        Ok(Cache { connection: client.get_connection_manager_lazy(config)? })
    }

    pub(crate) async fn attempt(&self) -> Result<()> {
        let mut connection = self.connection.clone();
        let found: Option<String> = connection.get(KEY).await?;
        match found.as_deref() {
            Some(VALUE) => {}
            Some(_) => anyhow::bail!("the key {KEY:?} holds something else; is it somebody else's?"),
            None => connection.set_ex::<_, _, ()>(KEY, VALUE, LIFE_SECONDS).await?,
        }
        Ok(())
    }
}
