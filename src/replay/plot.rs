//! The course of a fleet as a picture: SVG that reads in print and without colour.

use std::fmt::Write;

use super::score::Score;
use super::trace::Trace;
use super::{Course, Setup};

const WIDTH: usize = 1200;
const LEFT: f64 = 60.0;
const TOP: f64 = 50.0;
const HEIGHT: f64 = 330.0;
const COLUMNS: usize = 900;
/// The lane below, in which moves are marked.
const LANE: f64 = 30.0;

/// What one column of the picture stands for: a tick, or the worst of several.
#[derive(Debug, Clone, Copy, Default)]
struct Column {
    /// The load over what one server carries.
    load: Option<f64>,
    ready: u32,
    paid: u32,
    short: bool,
    up: bool,
    down: bool,
}

/// Draws `course` through `trace`: load as a line against the servers that serve (dark) and boot (light),
/// what is short in stripes of a second colour, moves as triangles below, the score above.
pub fn svg(trace: &Trace, setup: &Setup, course: &Course, name: &str, score: &Score) -> String {
    let columns = columns(trace, setup, course);
    let most = columns.iter().map(|c| f64::from(c.paid).max(c.load.unwrap_or(0.0))).fold(1.0, f64::max);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "{}", head(trace, name, score));
    let width = COLUMNS as f64 / columns.len() as f64;
    let y = |servers: f64| TOP + HEIGHT * (1.0 - servers / most);
    for (i, column) in columns.iter().enumerate() {
        let x = LEFT + i as f64 * width;
        let mut bar = |class: &str, from: f64, to: f64| {
            let (top, height) = (y(to), (y(from) - y(to)).max(0.0));
            let _ = writeln!(
                out,
                r#"<rect class="{class}" x="{x:.1}" y="{top:.1}" width="{width:.2}" height="{height:.1}"/>"#
            );
        };
        bar("ready", 0.0, f64::from(column.ready));
        bar("booting", f64::from(column.ready), f64::from(column.paid));
        if let Some(load) = column.load.filter(|_| column.short) {
            bar("short", f64::from(column.ready).min(load), load);
        }
        let _ = write!(out, "{}", marks(column, x + width / 2.0));
    }
    let _ = write!(out, "{}{}", line(&columns, width, y), axes(trace, most, y));
    out.push_str("</svg>\n");
    out
}

fn columns(trace: &Trace, setup: &Setup, course: &Course) -> Vec<Column> {
    let ticks = trace.load.len();
    let bounds = |column: usize, of: usize| column * ticks / of..(column + 1) * ticks / of;
    let of = ticks.clamp(1, COLUMNS);
    (0..of)
        .map(|column| {
            bounds(column, of).fold(Column::default(), |so_far, tick| {
                let load = trace.load[tick].map(|load| ((load - setup.fixed) / setup.capacity).max(0.0));
                let short = trace.load[tick].is_some_and(|load| course.ready[tick] < setup.demand(load));
                Column {
                    load: larger(so_far.load, load),
                    ready: if so_far.paid == 0 {
                        course.ready[tick]
                    } else {
                        so_far.ready.min(course.ready[tick])
                    },
                    paid: so_far.paid.max(course.paid[tick]),
                    short: so_far.short || short,
                    up: so_far.up || course.change[tick] > 0,
                    down: so_far.down || course.change[tick] < 0,
                }
            })
        })
        .collect()
}

/// The larger load; one that is known over one that is not.
fn larger(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

fn head(trace: &Trace, name: &str, score: &Score) -> String {
    let height = TOP + HEIGHT + LANE + 60.0;
    let side = LEFT + COLUMNS as f64 + 20.0;
    let facts = [
        format!("J {:.3}", score.j),
        format!("J10 {:.3}", score.j10),
        format!("short {:.2} % of the time", score.tau_u),
        format!("longest {} min", score.longest_short_minutes),
        format!("lost load {:.2} %", score.lost_load_percent),
        format!("{:.0} server hours", score.server_hours),
        format!("{:.2} x the clairvoyant's", score.hours_ratio),
        format!("{} moves", score.actions),
        format!("{} reversals", score.reversals),
    ];
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">
<defs><pattern id="stripes" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="4" height="4" fill="#fff"/><rect width="2" height="4" fill="#c40"/></pattern></defs>
<style>.ready{{fill:#9ab}}.booting{{fill:#dde5ec}}.short{{fill:url(#stripes)}}.load{{fill:none;stroke:#000;stroke-width:1}}.axis{{stroke:#666}}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="{LEFT}" y="30" font-size="17">{} on {}</text>
"##,
        escaped(name),
        escaped(&trace.name)
    );
    for (i, fact) in facts.iter().enumerate() {
        let y = TOP + 20.0 * (i as f64 + 1.0);
        let _ = writeln!(out, r#"<text x="{side}" y="{y}">{fact}</text>"#);
    }
    let legend = [("ready", "serving"), ("booting", "booting"), ("short", "short")];
    for (i, (class, word)) in legend.iter().enumerate() {
        let y = TOP + HEIGHT - 60.0 + 20.0 * i as f64;
        let _ = writeln!(
            out,
            r##"<rect class="{class}" x="{side}" y="{}" width="14" height="12" stroke="#666"/><text x="{}" y="{y}">{word}</text>"##,
            y - 11.0,
            side + 20.0
        );
    }
    let _ = writeln!(out, r#"<text x="{side}" y="{}">line: load; triangles: moves</text>"#, TOP + HEIGHT);
    out
}

/// Triangles for the moves made.
fn marks(column: &Column, x: f64) -> String {
    let (top, bottom) = (TOP + HEIGHT + 6.0, TOP + HEIGHT + 14.0);
    let mut out = String::new();
    if column.up {
        let _ = writeln!(out, r#"<path d="M{:.1} {bottom}h6l-3 -8z"/>"#, x - 3.0);
    }
    if column.down {
        let _ = writeln!(out, r##"<path d="M{:.1} {}h6l-3 8z" fill="#888"/>"##, x - 3.0, top + 12.0);
    }
    out
}

/// The load, broken where there is none.
fn line(columns: &[Column], width: f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut pen_down = false;
    for (i, column) in columns.iter().enumerate() {
        if let Some(load) = column.load {
            let command = if pen_down { 'L' } else { 'M' };
            let _ = write!(path, "{command}{:.1} {:.1}", LEFT + (i as f64 + 0.5) * width, y(load));
        }
        pen_down = column.load.is_some();
    }
    format!("<path class=\"load\" d=\"{path}\"/>\n")
}

fn axes(trace: &Trace, most: f64, y: impl Fn(f64) -> f64) -> String {
    let (bottom, right) = (TOP + HEIGHT, LEFT + COLUMNS as f64);
    let mut out = format!("<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\"/>\n");
    let step = (most / 5.0).ceil().max(1.0);
    let mut servers = 0.0;
    while servers <= most {
        let at = y(servers);
        let _ = writeln!(
            out,
            r#"<text x="{}" y="{:.1}" text-anchor="end">{servers}</text>"#,
            LEFT - 8.0,
            at + 4.0
        );
        servers += step;
    }
    let below = bottom + LANE + 20.0;
    let _ = writeln!(out, r#"<text x="{LEFT}" y="{below}">{}</text>"#, trace.start);
    let _ = writeln!(out, r#"<text x="{right}" y="{below}" text-anchor="end">{}</text>"#, trace.end());
    let _ = writeln!(out, r#"<text x="{LEFT}" y="{}">servers</text>"#, TOP - 6.0);
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::model::Limits;
    use crate::replay::score::Judge;

    #[test]
    fn it_shows_what_was_short_and_escapes_names() {
        let text = "timestamp,value\n0,10\n60,30\n120,\n180,10\n";
        let trace = Trace::parse("a<b&c.csv", text, Duration::from_secs(60)).unwrap();
        let setup = Setup { capacity: 10.0, fixed: 0.0, boot: 1, limits: Limits { min: 1, max: 9 } };
        let course = Course { ready: vec![1, 1, 3, 3], paid: vec![1, 3, 3, 3], change: vec![2, 0, 0, -2] };
        let score = Judge::new(&trace, &setup).score(&course);
        let svg = svg(&trace, &setup, &course, "threshold", &score);
        assert_eq!(svg.matches(r#"<rect class="short" x"#).count(), 2, "one tick and the legend\n{svg}");
        assert_eq!(svg.matches(r#"<path d="M"#).count(), 2, "a move up and a move down");
        assert!(svg.contains("threshold on a&lt;b&amp;c.csv") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches('M').count() - svg.matches("<path d=\"M").count(), 3, "the line has a gap");
    }
}
