//! A settings.toml as it grows, with the changes and the problems met on the way.

use std::fmt::Write;

use super::{Imported, Problem, Problems};

/// Comments end before this column.
const WIDTH: usize = 100;

/// The sections of the new file that an import writes, in their order there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Cloud,
    Capacity,
    Group,
    /// One for each notifier.
    Notifier(usize),
}

#[derive(Debug, Default)]
pub(super) struct Draft {
    file: String,
    lines: Vec<(Section, String)>,
    changes: Vec<String>,
    run: Option<String>,
    problems: Vec<Problem>,
}

/// A value as TOML writes it.
pub(super) fn toml(value: impl Into<toml::Value>) -> String {
    value.into().to_string()
}

impl Draft {
    /// From here on problems are of the file of this name.
    pub(super) fn begin(&mut self, file: &str) {
        file.clone_into(&mut self.file);
    }

    /// Writes `key = value`, the value as TOML has it, with the name of the setting it comes from.
    pub(super) fn set(&mut self, section: Section, key: &str, value: &str, from: &str) {
        self.lines.push((section, format!("{key} = {value}  # {}", one_line(from))));
    }

    /// Writes `key = value` where it follows from the kind of file alone.
    pub(super) fn set_plain(&mut self, section: Section, key: &str, value: &str) {
        self.lines.push((section, format!("{key} = {value}")));
    }

    /// Tells what is not as it was, and why.
    pub(super) fn change(&mut self, change: impl Into<String>) {
        self.changes.push(change.into());
    }

    /// How to run loadscale instead of the program.
    pub(super) fn run_with(&mut self, command: String) {
        self.run = Some(command);
    }

    pub(super) fn problem(&mut self, line: Option<usize>, fault: impl Into<String>) {
        self.problems.push(Problem { file: self.file.clone(), line, fault: fault.into() });
    }

    /// Whether a section has lines.
    pub(super) fn has(&self, section: Section) -> bool {
        self.lines.iter().any(|(of, _)| *of == section)
    }

    /// The new file, unless there was a problem.
    pub(super) fn finish(mut self) -> Result<Imported, Problems> {
        if !self.problems.is_empty() {
            return Err(Problems(self.problems));
        }
        let has_group = self.has(Section::Group);
        if !has_group {
            self.change(
                "There is no group in what was imported: add one ([[group]], see settings.example.toml), or \
                 import the program's settings file together with this one.",
            );
        }
        Ok(Imported { settings: self.text(), changes: self.changes, has_group })
    }

    fn text(&self) -> String {
        let mut text =
            String::from("# Settings of loadscale, imported. What is not as it was, and why:\n#\n");
        self.changes.iter().for_each(|change| comment(&mut text, "* ", change));
        if let Some(run) = &self.run {
            let _ = write!(text, "#\n# Run it with: {run}\n");
        }
        let mut sections: Vec<Section> = Vec::new();
        for section in [Section::Cloud, Section::Capacity, Section::Group] {
            sections.extend(Some(section).filter(|section| self.has(*section)));
        }
        sections.extend((0..).map(Section::Notifier).take_while(|section| self.has(*section)));
        for section in sections {
            let header = match section {
                Section::Cloud => "[cloud]",
                Section::Capacity => "[capacity]",
                Section::Group => "[[group]]",
                Section::Notifier(_) => "[[notifier]]",
            };
            let _ = write!(text, "\n{header}\n");
            let lines = self.lines.iter().filter(|(of, _)| *of == section);
            lines.for_each(|(_, line)| text.extend([line, "\n"]));
        }
        text
    }
}

/// What may stand in a comment: a line's end in a text of the old file must not begin a setting of the new one.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// A sentence as lines of comment, the first begun with a mark.
fn comment(text: &mut String, mark: &str, sentence: &str) {
    let mut line = format!("# {mark}");
    for word in one_line(sentence).split_whitespace() {
        if line.len() + word.len() > WIDTH {
            text.extend([line.trim_end(), "\n"]);
            line = format!("# {:width$}", "", width = mark.len());
        }
        line.extend([word, " "]);
    }
    text.extend([line.trim_end(), "\n"]);
}
