//! A replay as one page: scores, pictures, and the settings judged. Nothing of it comes from elsewhere, and it reads
//! in print, on light and on dark, and to a screen reader.

use std::fmt::Write;

use super::caveats::caveats;
use super::plot;
use super::score::Score;
use super::trace::Trace;
use super::{Course, Setup};
use crate::markup::escaped;

/// One line of the report.
pub struct Judged<'a> {
    /// What was judged, as people read it.
    pub name: String,
    /// Its settings, key and value; none of what has none.
    pub settings: Vec<(String, String)>,
    /// What it cost.
    pub score: &'a Score,
    /// What became of the fleet, where that is to be drawn.
    pub course: Option<Course>,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1a1a;--ready:#8ea3b8;--booting:#dbe4ec;--grid:#999}\
@media (prefers-color-scheme:dark){:root{--paper:#16191d;--ink:#e6e6e6;--ready:#4d6278;--booting:#2c3947;--grid:#666}}\
body{font:16px/1.5 sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;background:var(--paper);color:var(--ink)}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;padding:.5rem 0}\
.wide{overflow-x:auto}th,td{padding:.25rem .75rem;border-bottom:1px solid var(--grid);text-align:right}\
th:first-child{text-align:left}figure{margin:2rem 0}svg{width:100%;height:auto}\
dl{columns:18rem;column-gap:3rem;font-size:.875em}\
dl div{display:flex;justify-content:space-between;gap:1rem;break-inside:avoid;border-bottom:1px dotted var(--grid)}\
dt{overflow-wrap:anywhere}dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}\
@media print{:root{--paper:#fff;--ink:#000;--ready:#8ea3b8;--booting:#dbe4ec;--grid:#999}\
body{font-size:11px;margin:0;padding:0}.wide{overflow:visible}th,td{padding:.15rem .3rem}\
section{break-inside:avoid}h1,h2,h3{break-after:avoid}}";

const COLUMNS: [&str; 9] =
    ["J", "J10", "short", "longest", "lost load", "spare", "server hours", "moves", "reversals"];

/// The report of everything judged on `trace` in a `world` told in words, with the curve of a sweep if it was one.
pub fn html(trace: &Trace, setup: &Setup, world: &str, judged: &[Judged], curve: Option<&str>) -> String {
    let name = escaped(&trace.name);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Replay of {name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Replay of {name}</h1>\n<p>{}</p>\n",
        escaped(world)
    );
    out.push_str(&table(judged));
    out.push_str(&to_keep_in_mind(trace, setup));
    if let Some(curve) = curve {
        out.push_str(&section("The trade-off", &format!("<figure>\n{curve}</figure>\n")));
    }
    for one in judged {
        out.push_str(
            &one.course.as_ref().map_or(String::new(), |course| of_course(trace, setup, one, course)),
        );
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn table(judged: &[Judged]) -> String {
    let head: String = COLUMNS.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect();
    let mut out = format!(
        "<div class=\"wide\"><table>\n<caption>J is paid server time + 100 x missing server time, over the paid time of \
         a clairvoyant who is never short; J10 the same at a price of 10.</caption>\n\
         <thead><tr><th scope=\"col\">strategy</th>{head}</tr></thead>\n<tbody>\n"
    );
    for Judged { name, score, .. } in judged {
        let cells: String = score.cells().iter().map(|cell| format!("<td>{cell}</td>")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "<tr><th scope=\"row\">{}</th>{cells}</tr>", escaped(name));
    }
    out + "</tbody>\n</table></div>\n"
}

/// What the scores do not say.
fn to_keep_in_mind(trace: &Trace, setup: &Setup) -> String {
    let gaps = trace.load.iter().filter(|load| load.is_none()).count();
    let mut told = vec![
        "In what is replayed, every move is made at once, and every server comes after the boot time given."
            .to_owned(),
    ];
    told.extend(caveats(trace, setup).iter().map(|caveat| format!("<strong>{}.</strong>", sentence(caveat))));
    if gaps > 0 {
        let share = gaps as f64 * 100.0 / trace.load.len() as f64;
        told.push(format!(
            "{share:.1} % of the time has no sample: the rules are shown no reading there, and it is not scored."
        ));
    }
    let items: String = told.iter().map(|one| format!("<li>{one}</li>\n")).collect();
    format!("<h2>What to keep in mind</h2>\n<ul>\n{items}</ul>\n")
}

/// With a capital at the beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn of_course(trace: &Trace, setup: &Setup, judged: &Judged, course: &Course) -> String {
    let Judged { name, settings, score, .. } = judged;
    let svg = plot::svg(trace, setup, course, name, score);
    section(name, &format!("<figure>\n{svg}</figure>\n{}", settings_judged(settings)))
}

fn settings_judged(settings: &[(String, String)]) -> String {
    if settings.is_empty() {
        return String::new();
    }
    let item = |(key, value): &(String, String)| {
        format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(key), escaped(value))
    };
    let items: String = settings.iter().map(item).collect();
    format!("<h3>Settings judged</h3>\n<dl>\n{items}</dl>\n")
}

fn section(title: &str, content: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{content}</section>\n", escaped(title))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::model::Limits;
    use crate::replay::score::Judge;

    #[test]
    fn it_stands_by_itself_and_escapes_what_it_is_given() {
        let text = "timestamp,value\n0,10\n60,30\n120,\n180,10\n";
        let trace = Trace::parse("<load>.csv", text, Duration::from_secs(60)).unwrap();
        let setup = Setup { capacity: 10.0, fixed: 0.0, boot: 1, limits: Limits { min: 1, max: 9 } };
        let course = Course { ready: vec![1, 1, 3, 3], paid: vec![1, 3, 3, 3], change: vec![2, 0, 0, -2] };
        let score = Judge::new(&trace, &setup).score(&course);
        let one = Judged {
            name: "a & b".into(),
            settings: vec![("x".into(), "< 1".into())],
            score: &score,
            course: Some(course),
        };
        let page = html(&trace, &setup, "a world", &[one], None);
        assert!(
            page.contains("&lt;load&gt;.csv")
                && page.contains("a &amp; b")
                && page.contains("<dd>&lt; 1</dd>")
        );
        assert!(page.contains("25.0 % of the time has no sample"), "{page}");
        assert_eq!(page.matches("<svg").count(), 1);
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http") && !outside.contains("src=") && !outside.contains("@import"));
    }
}
