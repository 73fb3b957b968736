//! A sweep as a picture: what each value of a setting pays and what it misses, and the J that comes of it. Reads in
//! print and without colour, on light and on dark.
//!
//! Both axes of the left chart are server time over what the clairvoyant pays, so that J is their sum: all points of
//! one J lie on a line that falls by one for each one to the right.

use super::score::Score;
use super::svg::{WIDTH, add, path, picture, text};
use crate::chart::marks;
use crate::markup::escaped;

const TOP: f64 = 90.0;
const HEIGHT: f64 = 340.0;
const ACROSS: f64 = 450.0;
/// Where each of the two charts begins.
const LEFTS: [f64; 2] = [70.0, 640.0];
/// At most about so many numbers along an axis.
const MARKS: f64 = 7.0;
/// How much wider a chart is on each side than its points, so that what stands beside them has room.
const ROOM: f64 = 0.09;
/// Points closer than this are labelled together.
const TOGETHER: f64 = 10.0;
/// The height of a line of the legend, and the curves in one.
const LINE: f64 = 20.0;
const ABREAST: usize = 3;

/// Curves differ in dashes and in the shape of their points; beyond four these come again.
const STYLE: &str = "\
.frame{fill:none;stroke:#666;stroke:var(--ink,#666)}\
.curve{fill:none;stroke:#000;stroke:var(--ink,#000);stroke-width:1.5}\
.c1{stroke-dasharray:8 4}.c2{stroke-dasharray:2 3}.c3{stroke-dasharray:10 3 2 3}\
.point{fill:#fff;fill:var(--paper,#fff);stroke:#000;stroke:var(--ink,#000)}\
.best{fill:#000;fill:var(--ink,#000);stroke:#000;stroke:var(--ink,#000)}\
.same{fill:none;stroke:#c43c00;stroke-dasharray:5 5}";
const LOOKS: usize = 4;

/// What one set of rules comes to at each value of the setting.
#[derive(Debug)]
pub struct Curve {
    /// Whose rules.
    pub name: String,
    /// In rising order of the value.
    pub points: Vec<Point>,
}

/// One value of the setting.
#[derive(Debug, Clone)]
pub struct Point {
    /// As it goes along an axis: seconds for a time.
    pub value: f64,
    /// As people write it.
    pub shown: String,
    /// What it costs.
    pub score: Score,
}

impl Point {
    /// Whether it can be drawn: a ratio to nothing cannot.
    fn is_known(&self) -> bool {
        self.score.j.is_finite() && self.score.hours_ratio.is_finite()
    }

    /// Missing server time at its price, over the clairvoyant's paid time.
    fn missing(&self) -> f64 {
        self.score.j - self.score.hours_ratio
    }
}

/// One of the two charts, and what it spans.
struct Chart {
    left: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Chart {
    /// One that has room for all `points`, and around them.
    fn around(left: f64, points: &[(f64, f64)]) -> Chart {
        let span = |of: fn(&(f64, f64)) -> f64| {
            let (low, high) = points
                .iter()
                .map(of)
                .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
            let room = ((high - low) * ROOM).max(high.abs() * 0.005).max(1e-6);
            (low - room, high + room)
        };
        Chart { left, x: span(|point| point.0), y: span(|point| point.1) }
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let part = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        (self.left + ACROSS * part(x, self.x), TOP + HEIGHT * (1.0 - part(y, self.y)))
    }
}

/// Draws `curves` over `setting`: left what is paid against what is missing, right J over the setting; the best of
/// all is filled, and a dashed line shows where else J would be the same.
pub fn svg(trace: &str, setting: &str, curves: &[Curve]) -> String {
    let known: Vec<Curve> = curves.iter().map(known).filter(|curve| !curve.points.is_empty()).collect();
    let title = format!("{setting} on {trace}");
    let Some(best) = best(&known) else {
        let sorry = text(LEFTS[0], TOP, "start", "no value has a J that could be drawn");
        return picture(&title, "", TOP + LINE, STYLE, &[sorry]);
    };
    let traded = |point: &Point| (point.score.hours_ratio, point.missing());
    let judged = |point: &Point| (point.value, point.score.j);
    let all = |of: fn(&Point) -> (f64, f64)| -> Vec<(f64, f64)> {
        known.iter().flat_map(|curve| &curve.points).map(of).collect()
    };
    let left = Chart::around(LEFTS[0], &all(traded));
    let right = Chart::around(LEFTS[1], &all(judged));
    let about = format!("best at {setting} = {}: J {:.3}", best.shown, best.score.j);
    let parts = [
        axes(&left, "paid server time, over the clairvoyant's", "missing server time x 100, over the same"),
        axes(&right, &escaped(setting), "J, paid and missing together"),
        path("same", &same(&left, best.score.j)),
        drawn(&left, &known, best, traded),
        drawn(&right, &known, best, judged),
        ends(&left, &known, best),
        below(&right, judged(best), &format!("{}: J {:.3}", best.shown, best.score.j)),
        legend(&known),
    ];
    picture(&title, &about, TOP + HEIGHT + 60.0 + LINE * known.len().div_ceil(ABREAST) as f64, STYLE, &parts)
}

fn known(curve: &Curve) -> Curve {
    let points = curve.points.iter().filter(|point| point.is_known()).cloned().collect();
    Curve { name: curve.name.clone(), points }
}

/// The point of the lowest J.
fn best(curves: &[Curve]) -> Option<&Point> {
    curves.iter().flat_map(|curve| &curve.points).min_by(|a, b| a.score.j.total_cmp(&b.score.j))
}

/// Where J is the same, inside the chart.
fn same(chart: &Chart, j: f64) -> String {
    let from = chart.x.0.max(j - chart.y.1);
    let to = chart.x.1.min(j - chart.y.0);
    let ((x0, y0), (x1, y1)) = (chart.at((from, j - from)), chart.at((to, j - to)));
    format!("M{x0:.1} {y0:.1}L{x1:.1} {y1:.1}")
}

fn axes(chart: &Chart, across: &str, up: &str) -> String {
    let (left, right, bottom) = (chart.left, chart.left + ACROSS, TOP + HEIGHT);
    let mut out = String::new();
    for value in marks(chart.x.0, chart.x.1, MARKS) {
        let (x, _) = chart.at((value, chart.y.0));
        add(&mut out, path("grid", &format!("M{x:.1} {bottom}V{TOP}")));
        add(&mut out, text(x, bottom + 18.0, "middle", value));
    }
    for value in marks(chart.y.0, chart.y.1, MARKS) {
        let (_, y) = chart.at((chart.x.0, value));
        add(&mut out, path("grid", &format!("M{left} {y:.1}H{right}")));
        add(&mut out, text(left - 8.0, y + 4.0, "end", value));
    }
    add(&mut out, path("frame", &format!("M{left} {TOP}V{bottom}H{right}")));
    add(&mut out, text(left, TOP - 10.0, "start", up));
    add(&mut out, text(right, bottom + 38.0, "end", across));
    out
}

fn drawn(chart: &Chart, curves: &[Curve], best: &Point, of: fn(&Point) -> (f64, f64)) -> String {
    let mut out = String::new();
    for (n, curve) in curves.iter().enumerate() {
        let places: Vec<(f64, f64)> = curve.points.iter().map(|point| chart.at(of(point))).collect();
        add(&mut out, line(n, &places));
        for (point, place) in curve.points.iter().zip(&places) {
            let class = if std::ptr::eq(point, best) { "best" } else { "point" };
            add(&mut out, mark(n, class, *place));
        }
    }
    out
}

fn line(n: usize, places: &[(f64, f64)]) -> String {
    let d: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    path(&format!("curve c{}", n % LOOKS), &format!("M{}", d.join("L")))
}

/// A circle, a square, a diamond or a triangle.
fn mark(n: usize, class: &str, (x, y): (f64, f64)) -> String {
    let d = match n % LOOKS {
        0 => "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
        1 => "m-3.5 -3.5h7v7h-7z",
        2 => "m0 -5l5 5l-5 5l-5 -5z",
        _ => "m0 -5l4.5 8h-9z",
    };
    path(class, &format!("M{x:.1} {y:.1}{d}"))
}

/// The values at both ends of each curve, and the best one.
fn ends(chart: &Chart, curves: &[Curve], best: &Point) -> String {
    let place = |point: &Point| (point.score.hours_ratio, point.missing());
    let mut out = String::new();
    let mut told_of_best = false;
    for curve in curves {
        let (Some(first), Some(last)) = (curve.points.first(), curve.points.last()) else { continue };
        let ((x0, y0), (x1, y1)) = (chart.at(place(first)), chart.at(place(last)));
        if (x1 - x0).hypot(y1 - y0) < TOGETHER {
            add(&mut out, beside(chart, place(first), &format!("{} to {}", first.shown, last.shown)));
            told_of_best |= curve.points.iter().any(|point| std::ptr::eq(point, best));
            continue;
        }
        for point in [first, last].into_iter().filter(|point| !std::ptr::eq(*point, best)) {
            add(&mut out, beside(chart, place(point), &point.shown));
        }
    }
    if !told_of_best {
        add(&mut out, beside(chart, place(best), &best.shown));
    }
    out
}

/// A text above a point, on the side that has more room.
fn beside(chart: &Chart, at: (f64, f64), what: &str) -> String {
    let (x, y) = chart.at(at);
    match x < chart.left + ACROSS / 2.0 {
        true => text(x + 9.0, y - 7.0, "start", escaped(what)),
        false => text(x - 9.0, y - 7.0, "end", escaped(what)),
    }
}

/// A text below a point, where the lowest has nothing below it.
fn below(chart: &Chart, at: (f64, f64), what: &str) -> String {
    let (x, y) = chart.at(at);
    let anchor = if x < chart.left + ACROSS / 2.0 { "start" } else { "end" };
    text(x, y + 18.0, anchor, escaped(what))
}

fn legend(curves: &[Curve]) -> String {
    let mut out = String::new();
    for (n, curve) in curves.iter().enumerate() {
        let x = LEFTS[0] + (WIDTH - LEFTS[0]) / ABREAST as f64 * (n % ABREAST) as f64;
        let y = TOP + HEIGHT + 60.0 + LINE * (n / ABREAST) as f64;
        add(&mut out, line(n, &[(x, y - 4.0), (x + 40.0, y - 4.0)]));
        add(&mut out, mark(n, "point", (x + 20.0, y - 4.0)));
        add(&mut out, text(x + 50.0, y, "start", escaped(&curve.name)));
    }
    add(
        &mut out,
        text(LEFTS[0], 48.0, "start", "filled: the lowest J; dashed from the left: the same J elsewhere"),
    );
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::Limits;
    use crate::replay::score::Judge;
    use crate::replay::tests::trace;
    use crate::replay::{Course, Setup};

    /// Two servers are needed: of one, half is missing; three pay half as much again.
    fn point(value: f64, servers: u32) -> Point {
        let trace = trace([Some(20.0); 4]);
        let setup = Setup { capacity: 10.0, fixed: 0.0, boot: 0, limits: Limits { min: 1, max: 9 } };
        let course = Course { ready: vec![servers; 4], paid: vec![servers; 4], change: vec![0; 4] };
        Point { value, shown: format!("{value} & more"), score: Judge::new(&trace, &setup).score(&course) }
    }

    fn count(svg: &str, class: &str) -> usize {
        svg.matches(&format!("class=\"{class}\"")).count()
    }

    #[test]
    fn the_lowest_j_is_filled_and_named() {
        let points = vec![point(0.5, 3), point(0.7, 2), point(0.9, 1)];
        assert_eq!(points.iter().map(Point::missing).collect::<Vec<_>>(), [0.0, 0.0, 50.0]);
        let curves = [
            Curve { name: "a<b".into(), points },
            Curve { name: "other".into(), points: vec![point(0.5, 3)] },
        ];
        let svg = svg("load.csv", "target", &curves);
        // Each point stands in both charts; of each curve one more stands in the legend.
        assert_eq!((count(&svg, "best"), count(&svg, "point")), (2, 3 * 2 + 2), "{svg}");
        assert!(svg.contains("best at target = 0.7 &amp; more: J 1.000") && svg.contains("a&lt;b"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn what_has_no_j_is_left_out() {
        let mut none = point(0.5, 2);
        none.score.j = f64::NAN;
        let told = svg("load.csv", "target", &[Curve { name: "a".into(), points: vec![none] }]);
        assert!(told.contains("no value has a J") && !told.contains("NaN"), "{told}");
        let alone = svg("load.csv", "target", &[Curve { name: "a".into(), points: vec![point(0.5, 2)] }]);
        assert!(!alone.contains("NaN") && count(&alone, "best") == 2, "{alone}");
    }
}
