//! The language in which each section states its keys: a table of names and forms, plain data.

/// One key that a table may have.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// Without it the table means nothing.
    pub(super) required: bool,
}

impl Key {
    pub(super) const fn new(name: &'static str, form: Form) -> Self {
        Key { name, form, required: false }
    }

    pub(super) const fn required(name: &'static str, form: Form) -> Self {
        Key { name, form, required: true }
    }
}

/// What a value must look like.
pub(super) enum Form {
    /// Some text that is not blank.
    Text,
    /// Some text of any number of lines.
    Lines,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// An http or https URL without user, query and fragment.
    Url,
    /// `true` or `false`.
    Flag,
    /// A finite number above zero.
    Number,
    /// A finite number that is not negative.
    NumberOrZero,
    /// A whole number, at least so large.
    Count(u32),
    /// A whole number, or a table of them by local time.
    Limit,
    /// A duration with its unit, above zero.
    Duration,
    /// A duration with its unit, or `"0s"`.
    DurationOrZero,
    /// A number above zero, or `"unlimited"`.
    Rate,
    /// A list of distinct texts with at least one in it.
    Names,
    /// A list of distinct http or https URLs with at least one in it.
    Urls,
    /// A table of texts by the names of HTTP headers.
    Headers,
    /// A list of some of these words.
    Choices(&'static [&'static str]),
    /// A list of texts in their order: a program and its arguments.
    Arguments,
    /// Numbers by flavor.
    PerFlavor {
        value: &'static Form,
        /// Names among the flavors that are ours.
        known: &'static [&'static str],
    },
    /// A table with these keys.
    Table(&'static [Key]),
    /// A list of tables with these keys, such as `[[group]]`.
    Tables(&'static [Key]),
    /// A list of tables, each with a `kind` that says which keys it has, such as `[[notifier]]`.
    TaggedTables(&'static [Kind]),
    /// A table whose `kind` says which keys it has.
    Kinds(&'static [Kind]),
}

/// One kind of a tagged table.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Its keys besides `kind`.
    pub(super) keys: &'static [Key],
}

/// The key that tells the kind of a tagged table.
pub(super) const KIND: &str = "kind";

/// The full name of a key inside a table, quoted where TOML asks for it.
pub(super) fn join(table: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if table.is_empty() { key } else { format!("{table}.{key}") }
}
