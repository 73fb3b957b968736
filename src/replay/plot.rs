//! The course of a fleet as a picture: SVG that reads in print and without colour, on light and on dark.

use std::fmt::Write;
use std::ops::Range;

use super::score::Score;
use super::svg::{add, path, picture, text};
use super::trace::Trace;
use super::{Course, Setup};
use crate::chart::marks;

const LEFT: f64 = 50.0;
const TOP: f64 = 50.0;
const HEIGHT: f64 = 320.0;
/// The width of the chart; the legend and the score stand right of it.
const ACROSS: f64 = 900.0;
const COLUMNS: usize = 900;
/// The lane below the chart, in which moves are marked: those up above its middle, those down below it.
const LANE: f64 = 42.0;
const LABELS: usize = 5;

/// At most about so many numbers of servers beside the chart.
const MARKS: f64 = 7.0;

/// Serving and booting differ in lightness, what is short in its stripes.
const STYLE: &str = "\
.ready{fill:#8ea3b8;fill:var(--ready,#8ea3b8)}\
.booting{fill:#dbe4ec;fill:var(--booting,#dbe4ec)}.short{fill:url(#stripes)}\
.load{fill:none;stroke:#000;stroke:var(--ink,#000);stroke-width:1.2}\
.move{fill:none;stroke:#000;stroke:var(--ink,#000);stroke-width:1}";
const STRIPES: &str = "\
<defs><pattern id=\"stripes\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
patternTransform=\"rotate(45)\"><rect width=\"5\" height=\"5\" fill=\"#fff\"/>\
<rect width=\"3\" height=\"5\" fill=\"#c43c00\"/></pattern></defs>";

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

/// The chart's scales.
struct Scale {
    /// Servers at the top.
    most: f64,
    /// The width of a column.
    step: f64,
}

impl Scale {
    fn y(&self, servers: f64) -> f64 {
        TOP + HEIGHT * (1.0 - servers / self.most)
    }

    fn x(&self, column: usize) -> f64 {
        LEFT + column as f64 * self.step
    }
}

/// Draws `course` through `trace`: load as a line against the servers that serve (dark) and boot (light),
/// what is short in stripes of a second colour, moves as marks below, the score beside.
pub fn svg(trace: &Trace, setup: &Setup, course: &Course, name: &str, score: &Score) -> String {
    let columns = columns(trace, setup, course);
    let most = columns.iter().map(|c| f64::from(c.paid).max(c.load.unwrap_or(0.0))).fold(1.0, f64::max);
    let scale = Scale { most: most * 1.05, step: ACROSS / columns.len().max(1) as f64 };
    let parts = [
        format!("{STRIPES}\n"),
        grid(trace, &scale),
        area("booting", &columns, &scale, |column| column.paid),
        area("ready", &columns, &scale, |column| column.ready),
        path("short", &short(&columns, &scale)),
        path("load", &line(&columns, &scale)),
        path("move up", &marked(&columns, &scale, |column| column.up, -10.0)),
        path("move down", &marked(&columns, &scale, |column| column.down, 10.0)),
        side(score),
    ];
    let title = format!("{name} on {}", trace.name);
    picture(&title, &facts(score).join(", "), TOP + HEIGHT + LANE + 40.0, STYLE, &parts)
}

fn columns(trace: &Trace, setup: &Setup, course: &Course) -> Vec<Column> {
    let ticks = trace.load.len();
    let of = ticks.clamp(1, COLUMNS);
    (0..of).map(|n| worst(trace, setup, course, n * ticks / of..(n + 1) * ticks / of)).collect()
}

fn worst(trace: &Trace, setup: &Setup, course: &Course, ticks: Range<usize>) -> Column {
    let first = course.ready.get(ticks.start).copied().unwrap_or(0);
    ticks.fold(Column { ready: first, ..Column::default() }, |so_far, tick| {
        let load = trace.load[tick].map(|load| ((load - setup.fixed) / setup.capacity).max(0.0));
        let short = trace.load[tick].is_some_and(|load| course.ready[tick] < setup.demand(load));
        Column {
            load: larger(so_far.load, load),
            ready: so_far.ready.min(course.ready[tick]),
            paid: so_far.paid.max(course.paid[tick]),
            short: so_far.short || short,
            up: so_far.up || course.change[tick] > 0,
            down: so_far.down || course.change[tick] < 0,
        }
    })
}

/// The larger load; one that is known over one that is not.
fn larger(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

/// The columns filled from the bottom to `servers`, as one outline.
fn area(class: &str, columns: &[Column], scale: &Scale, servers: impl Fn(&Column) -> u32) -> String {
    let mut d = format!("M{LEFT} {:.1}", scale.y(0.0));
    for (n, column) in columns.iter().enumerate() {
        add(&mut d, format_args!("V{:.1}H{:.1}", scale.y(f64::from(servers(column))), scale.x(n + 1)));
    }
    add(&mut d, format_args!("V{:.1}z", scale.y(0.0)));
    path(class, &d)
}

/// From what serves up to the load, where that is too little.
fn short(columns: &[Column], scale: &Scale) -> String {
    let mut d = String::new();
    for (n, column) in columns.iter().enumerate().filter(|(_, column)| column.short) {
        let load = column.load.unwrap_or(0.0);
        let (top, bottom) = (scale.y(load), scale.y(f64::from(column.ready).min(load)));
        add(&mut d, format_args!("M{:.1} {bottom:.1}V{top:.1}h{:.2}V{bottom:.1}z", scale.x(n), scale.step));
    }
    d
}

/// The load, broken where there is none.
fn line(columns: &[Column], scale: &Scale) -> String {
    let mut d = String::new();
    let mut pen_down = false;
    for (n, column) in columns.iter().enumerate() {
        if let Some(load) = column.load {
            let command = if pen_down { 'L' } else { 'M' };
            add(&mut d, format_args!("{command}{:.1} {:.1}", scale.x(n) + scale.step / 2.0, scale.y(load)));
        }
        pen_down = column.load.is_some();
    }
    d
}

/// Strokes from the middle of the lane, for the columns in which the fleet was moved that way.
fn marked(columns: &[Column], scale: &Scale, moved: impl Fn(&Column) -> bool, length: f64) -> String {
    let middle = TOP + HEIGHT + LANE / 2.0;
    let mut d = String::new();
    for (n, _) in columns.iter().enumerate().filter(|(_, column)| moved(column)) {
        add(&mut d, format_args!("M{:.1} {middle}v{length}", scale.x(n) + scale.step / 2.0));
    }
    d
}

/// Lines at whole servers, times below, and the lane of moves.
fn grid(trace: &Trace, scale: &Scale) -> String {
    let (bottom, right, middle) = (TOP + HEIGHT, LEFT + ACROSS, TOP + HEIGHT + LANE / 2.0);
    let mut out = String::new();
    for servers in marks(0.0, scale.most, MARKS).into_iter().filter(|servers| servers.fract() == 0.0) {
        let y = scale.y(servers);
        add(&mut out, path("grid", &format!("M{LEFT} {y:.1}H{right}")));
        add(&mut out, text(LEFT - 6.0, y + 4.0, "end", servers));
    }
    add(&mut out, path("grid", &format!("M{LEFT} {middle}H{right}")));
    add(&mut out, text(LEFT - 6.0, middle - 1.0, "end", "up"));
    add(&mut out, text(LEFT - 6.0, middle + 12.0, "end", "down"));
    add(&mut out, text(LEFT, TOP - 8.0, "start", "servers, and load in servers"));
    let span = trace.end().duration_since(trace.start);
    for label in 0..LABELS {
        let at = trace.start + span * i32::try_from(label).unwrap_or(0) / (LABELS as i32 - 1);
        let x = LEFT + ACROSS * label as f64 / (LABELS as f64 - 1.0);
        let anchor = if label + 1 == LABELS {
            "end"
        } else if label == 0 {
            "start"
        } else {
            "middle"
        };
        add(&mut out, path("grid", &format!("M{x:.1} {bottom}v4")));
        add(&mut out, text(x, bottom + LANE + 20.0, anchor, at.strftime("%Y-%m-%d %H:%M")));
    }
    out
}

/// The legend and the score, right of the chart.
fn side(score: &Score) -> String {
    let x = LEFT + ACROSS + 24.0;
    let mut out = String::new();
    for (n, (class, word)) in
        [("ready", "serving"), ("booting", "booting"), ("short", "short")].into_iter().enumerate()
    {
        let y = TOP + 20.0 * n as f64;
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"22\" height=\"12\" stroke=\"#666\"/>"
        );
        add(&mut out, text(x + 30.0, y + 11.0, "start", word));
    }
    add(&mut out, path("load", &format!("M{x} {:.1}h22", TOP + 66.0)));
    add(&mut out, text(x + 30.0, TOP + 71.0, "start", "load"));
    for (n, fact) in facts(score).iter().enumerate() {
        add(&mut out, text(x, TOP + 110.0 + 20.0 * n as f64, "start", fact));
    }
    out
}

fn facts(score: &Score) -> [String; 9] {
    let [j, j10, short, longest, lost, _, _, moves, reversals] = score.cells();
    [
        format!("J {j}"),
        format!("J10 {j10}"),
        format!("short {short} of the time"),
        format!("longest {longest}"),
        format!("lost load {lost}"),
        format!("{:.0} server hours", score.server_hours),
        format!("{:.2} x the clairvoyant's", score.hours_ratio),
        format!("{moves} moves"),
        format!("{reversals} reversals"),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::model::Limits;
    use crate::replay::score::Judge;

    fn class<'a>(svg: &'a str, class: &str) -> &'a str {
        let begin = format!("<path class=\"{class}\" d=\"");
        svg.split(&begin).nth(1).unwrap().split('"').next().unwrap()
    }

    #[test]
    fn it_shows_what_was_short_the_moves_and_the_gap() {
        let text = "timestamp,value\n0,10\n60,30\n120,\n180,10\n";
        let trace = Trace::parse("a<b&c.csv", text, Duration::from_secs(60)).unwrap();
        let setup = Setup { capacity: 10.0, fixed: 0.0, boot: 1, limits: Limits { min: 1, max: 9 } };
        let course = Course { ready: vec![1, 1, 3, 3], paid: vec![1, 3, 3, 3], change: vec![2, 0, 0, -2] };
        let score = Judge::new(&trace, &setup).score(&course);
        let svg = svg(&trace, &setup, &course, "threshold", &score);
        assert_eq!(class(&svg, "short").matches('z').count(), 1, "one tick\n{svg}");
        assert_eq!(class(&svg, "move up").matches('M').count(), 1);
        assert_eq!(class(&svg, "move down").matches('M').count(), 1);
        let load = svg.split("<path class=\"load\" d=\"").nth(1).unwrap();
        assert_eq!(load.split('"').next().unwrap().matches('M').count(), 2, "the line has a gap");
        assert!(svg.contains("threshold on a&lt;b&amp;c.csv") && svg.ends_with("</svg>\n"));
    }
}
