//! The strokes that a replay's pictures are made of, and the sheet they are drawn on.

use std::fmt::{Display, Write};

use crate::markup::escaped;

/// The width of every picture.
pub(super) const WIDTH: f64 = 1160.0;

/// Colours, taken from the page around the picture where there are any; each first as it is by itself, for
/// programs that know no variables.
const STYLE: &str = "\
.paper{fill:#fff;fill:var(--paper,#fff)}\
.grid{fill:none;stroke:#999;stroke:var(--grid,#999);stroke-width:.5}\
text{fill:#000;fill:var(--ink,#000)}";

/// A picture called `title` that is `height` high: `about` says in words what it shows, `style` and `parts` are its
/// own.
pub(super) fn picture(title: &str, about: &str, height: f64, style: &str, parts: &[String]) -> String {
    let (title, about) = (escaped(title), escaped(about));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<title>{title}</title>\n<desc>{about}</desc>\n\
         <style>{STYLE}{style}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n\
         <text x=\"50\" y=\"26\" font-size=\"17\">{title}</text>\n{}</svg>\n",
        parts.concat()
    )
}

/// A path of that class.
pub(super) fn path(class: &str, d: &str) -> String {
    format!("<path class=\"{class}\" d=\"{d}\"/>\n")
}

/// A text that has been escaped where it needs it.
pub(super) fn text(x: f64, y: f64, anchor: &str, what: impl Display) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{what}</text>\n")
}

/// Appends; writing to a string cannot fail.
pub(super) fn add(out: &mut String, what: impl Display) {
    let _ = write!(out, "{what}");
}
