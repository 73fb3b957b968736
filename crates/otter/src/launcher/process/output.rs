//! What a server writes: a file that it appends to, and beside it what was put aside of that.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// As much of the end is looked at for a last line, in bytes.
const END: u64 = 1024;

/// The output of one server.
pub(super) struct Output {
    now: PathBuf,
    before: PathBuf,
}

impl Output {
    pub(super) fn new(folder: &Path, id: &str) -> Self {
        Self { now: folder.join(format!("{id}.log")), before: folder.join(format!("{id}.log.1")) }
    }

    /// For the process to write to; only its owner reads it. Being appended to, it can be cut while it is open.
    pub(super) fn open(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).mode(0o600).open(&self.now)
    }

    /// Puts it aside if it is longer than so many bytes, and begins it anew. The process keeps the file
    /// that it has, so it is copied and cut; what is written between the two is lost.
    pub(super) fn turn_over(&self, longest: u64) -> io::Result<()> {
        if fs::metadata(&self.now)?.len() > longest {
            fs::copy(&self.now, &self.before)?;
            OpenOptions::new().write(true).open(&self.now)?.set_len(0)?;
        }
        Ok(())
    }

    /// The last line that says something, or the end of it if it is long.
    pub(super) fn last_line(&self) -> io::Result<Option<String>> {
        let mut file = File::open(&self.now)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
        let mut end = Vec::new();
        file.take(END).read_to_end(&mut end)?;
        let end = String::from_utf8_lossy(&end);
        let line = end.lines().rev().map(str::trim).find(|line| !line.is_empty());
        Ok(line.map(|line| line.chars().filter(|c| !c.is_control()).collect()))
    }

    /// Removes it. There is none if the server never started, or less than all.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.now);
        let _ = fs::remove_file(&self.before);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_long_output_is_put_aside_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path(), "one");
        let mut process = output.open().unwrap();
        let content =
            |output: &Output| [&output.before, &output.now].map(|path| fs::read(path).unwrap_or_default());
        process.write_all(b"12345").unwrap();
        output.turn_over(5).unwrap();
        assert_eq!(content(&output), [&b""[..], b"12345"], "it is not longer than that yet");
        process.write_all(b"6").unwrap();
        output.turn_over(5).unwrap();
        process.write_all(b"7").unwrap();
        assert_eq!(content(&output), [&b"123456"[..], b"7"]);
        process.write_all(b"890123").unwrap();
        output.turn_over(5).unwrap();
        assert_eq!(content(&output), [&b"7890123"[..], b""], "what was put aside before has gone");
        output.remove();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_last_line_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path(), "one");
        let mut process = output.open().unwrap();
        assert_eq!(output.last_line().unwrap(), None);
        process.write_all(b"starting\n\x1b[31mno module named \xffapp\n\n").unwrap();
        assert_eq!(output.last_line().unwrap().unwrap(), "[31mno module named \u{fffd}app");
        process.write_all(&[b'x'; 4000]).unwrap();
        assert_eq!(output.last_line().unwrap().unwrap().len(), usize::try_from(END).unwrap());
    }
}
