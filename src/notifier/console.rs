//! Notices on the console: a line on stderr, since standard output belongs to the records.

use std::io::{self, Write};

use async_trait::async_trait;

use super::{Notice, Notifier, Undelivered};

/// Tells whoever looks at the terminal.
pub struct Console;

#[async_trait]
impl Notifier for Console {
    fn is_instant(&self) -> bool {
        true
    }

    async fn notify(&self, notice: &Notice) -> Result<(), Undelivered> {
        let Notice { title, next_step, level, .. } = notice;
        // One write, so that lines of others do not come between; a console that is gone has nobody to tell.
        let line = format!("notice: {}: {title}. Next step: {next_step}\n", level.name());
        let _ = io::stderr().write_all(line.as_bytes());
        Ok(())
    }
}
