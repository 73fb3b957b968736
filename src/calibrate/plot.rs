//! The fit as a picture: SVG that reads in print and without colour.

use std::fmt::Write;

use super::objective::Objective;
use super::{Calibration, Estimate, Law};
use crate::chart::marks;
use crate::markup::escaped;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 650.0;
const TOP: f64 = 60.0;
/// The height of each of the two charts, and the space between them.
const CHART: f64 = 240.0;
const SPACE: f64 = 70.0;
/// Straight pieces that a curve is drawn with.
const PIECES: u32 = 120;
/// At most about so many numbers along an axis.
const MARKS: f64 = 7.0;

/// One chart: its place in the picture, and what it spans.
struct Chart {
    bottom: f64,
    most_x: f64,
    most_y: f64,
}

impl Chart {
    fn x(&self, connections: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * connections / self.most_x
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - CHART * value / self.most_y
    }
}

/// Draws what was found of `samples`: above, throughput with the law that fits it; below, how far the
/// objective was strained, and the interval in which it breaks.
pub fn svg(name: &str, objective: &Objective, found: &Calibration) -> String {
    let most_x = found.levels.iter().map(|level| level.connections).fold(1.0, f64::max) * 1.05;
    let most =
        |of: &dyn Fn(usize) -> f64| (0..found.levels.len()).map(of).fold(f64::MIN_POSITIVE, f64::max) * 1.1;
    let throughput =
        Chart { bottom: TOP + CHART, most_x, most_y: most(&|i| found.levels[i].throughput.unwrap_or(0.0)) };
    // Of live history no throughput is known: then there is one chart.
    let above = if found.law.is_some() { CHART + SPACE } else { 0.0 };
    let strain =
        Chart { bottom: TOP + above + CHART, most_x, most_y: most(&|i| found.levels[i].strain.max(1.0)) };
    let mut out = head(name, objective, &strain);
    out += &band(&strain, &found.connections);
    out += &format!("<path class=\"bound\" d=\"M{LEFT} {:.1}H{RIGHT}\"/>\n", strain.y(1.0));
    if let Some(law) = &found.law {
        out += &band(&throughput, &found.connections);
        out += &axes(&throughput, "answers a second");
        out += &curve(&throughput, law);
        let points = found.levels.iter().filter_map(|level| Some((level.connections, level.throughput?)));
        out += &dots(&throughput, points);
    }
    out += &axes(&strain, "strain: 1 is where the objective breaks");
    out += &dots(&strain, found.levels.iter().map(|level| (level.connections, level.strain)));
    out += &facts(found);
    out + "</svg>\n"
}

fn head(name: &str, objective: &Objective, lowest: &Chart) -> String {
    let height = lowest.bottom + 60.0;
    let title = escaped(&format!("{name}: {objective}"));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif" font-size="13">
<title>{title}</title>
<style>.axis{{stroke:#666;fill:none}}.dot{{fill:#000}}.law{{stroke:#36c;fill:none;stroke-width:2}}.bound{{stroke:#c40;stroke-dasharray:6 4}}.band{{fill:#c40;fill-opacity:.18}}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="{LEFT}" y="28" font-size="17">{title}</text>
"##
    )
}

/// The interval in which the objective breaks.
fn band(chart: &Chart, Estimate { value, low, high }: &Estimate) -> String {
    let (top, bottom) = (chart.bottom - CHART, chart.bottom);
    let (from, to, at) = (chart.x(*low), chart.x(*high), chart.x(*value));
    format!(
        r#"<rect class="band" x="{from:.1}" y="{top}" width="{:.1}" height="{CHART}"/>
<path class="bound" d="M{at:.1} {top}V{bottom}" fill="none"/>
"#,
        (to - from).max(1.0)
    )
}

fn curve(chart: &Chart, law: &Law) -> String {
    let piece = |k: u32| {
        let n = chart.most_x * f64::from(k) / f64::from(PIECES);
        format!("{:.1} {:.1}", chart.x(n), chart.y(law.throughput(n)).max(chart.bottom - CHART))
    };
    let points: Vec<String> = (0..=PIECES).map(piece).collect();
    format!("<path class=\"law\" d=\"M{}\"/>\n", points.join("L"))
}

fn dots(chart: &Chart, points: impl Iterator<Item = (f64, f64)>) -> String {
    points.fold(String::new(), |mut out, (n, value)| {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            r#"<circle class="dot" cx="{:.1}" cy="{:.1}" r="3.5"/>"#,
            chart.x(n),
            chart.y(value)
        );
        out
    })
}

fn axes(chart: &Chart, what: &str) -> String {
    let (top, bottom) = (chart.bottom - CHART, chart.bottom);
    let mut out = format!(
        "<path class=\"axis\" d=\"M{LEFT} {top}V{bottom}H{RIGHT}\"/>\n<text x=\"{LEFT}\" y=\"{}\">{what}</text>\n\
         <text x=\"{RIGHT}\" y=\"{}\" text-anchor=\"end\">connections of one server</text>\n",
        top - 8.0,
        bottom + 36.0
    );
    for n in marks(0.0, chart.most_x, MARKS) {
        let _ = writeln!(
            out,
            r#"<text x="{:.1}" y="{}" text-anchor="middle">{n}</text>"#,
            chart.x(n),
            bottom + 18.0
        );
    }
    for value in marks(0.0, chart.most_y, MARKS) {
        let y = chart.y(value) + 4.0;
        let _ = writeln!(out, r#"<text x="{}" y="{y:.1}" text-anchor="end">{value}</text>"#, LEFT - 8.0);
    }
    out
}

fn facts(found: &Calibration) -> String {
    let interval = |it: &Estimate| format!("95 %: {:.1} to {:.1}", it.low, it.high);
    let mut facts = vec![
        format!("breaks at {:.1} connections", found.connections.value),
        interval(&found.connections),
        String::new(),
    ];
    if let Some(law) = &found.law {
        facts.push("Universal Scalability Law".to_owned());
        facts.push(format!("lambda {:.2}/s", law.lambda.value));
        facts.push(format!("sigma {:.4}", law.sigma.value));
        facts.push(format!("kappa {:.6}", law.kappa.value));
        facts.push(format!("off by {:.1} %", law.misfit * 100.0));
    }
    facts.iter().zip(1..).fold(String::new(), |mut out, (fact, line)| {
        let y = TOP + 20.0 * f64::from(line);
        let _ = writeln!(out, r#"<text x="{}" y="{y}">{}</text>"#, RIGHT + 25.0, escaped(fact));
        out
    })
}
