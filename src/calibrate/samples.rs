//! The samples of a load test: CSV as `loadtest` writes it, or anything else with the same columns.

use std::collections::HashMap;

use jiff::Timestamp;

use super::objective::{Objective, percent};
use crate::table::{BadTable, Problem, bare, instant, line, reader};

/// The columns that every file has.
const NEEDED: [&str; 6] = ["time", "users", "connections", "requests", "errors", "throughput"];
/// What tells how the load generator itself was doing.
const CPU: &str = "cpu";
const LAG: &str = "lag_ms";
/// The share of all CPUs that a generator can be measured to use: two clocks never quite agree.
const MOST_SHARE: f64 = 1.1;

/// What a load test measured, interval by interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// What the file is called.
    pub name: String,
    /// In the order of time.
    pub rows: Vec<Sample>,
}

/// What one interval was like, for all servers together.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When it ended.
    pub at: Timestamp,
    /// The users that the load test let come.
    pub users: u64,
    /// Active connections, in the mean.
    pub connections: f64,
    /// Requests answered.
    pub requests: f64,
    /// Requests failed.
    pub errors: f64,
    /// Answers a second.
    pub throughput: f64,
    /// Quantiles of the time to answer: percent and milliseconds, both rising. Empty if nothing was answered.
    pub latency: Vec<(f64, f64)>,
    /// The share of the machine's CPUs that the load generator used, from 0 to 1.
    pub cpu: Option<f64>,
    /// How late the load generator's timers came, in milliseconds, in the mean.
    pub lag: Option<f64>,
}

/// Where each column is.
struct Columns {
    place: HashMap<String, usize>,
    /// Quantiles in percent with their names, rising.
    quantiles: Vec<(f64, String)>,
    count: usize,
}

impl Samples {
    /// Reads `text`, the content of the file called `name`, in which `objective` is to be judged.
    ///
    /// # Errors
    /// Everything that is wrong with the file, by line.
    pub fn parse(name: &str, text: &str, objective: &Objective) -> Result<Samples, BadTable> {
        let bad = |problems| BadTable { name: name.to_owned(), problems };
        let mut reader = reader(text);
        let header = reader.headers().map_err(|error| bad(vec![Problem::of_file(error.to_string())]))?;
        let columns = Columns::of(header, objective).map_err(bad)?;
        let (mut rows, mut problems): (Vec<Sample>, Vec<Problem>) = Default::default();
        for row in reader.records() {
            match row.map_err(|error| vec![Problem::of_file(error.to_string())]).and_then(|row| {
                let sample = columns.sample(&row)?;
                in_order(rows.last(), &sample, line(&row))?;
                Ok(sample)
            }) {
                Ok(sample) => rows.push(sample),
                Err(wrong) => problems.extend(wrong),
            }
        }
        if rows.is_empty() && problems.is_empty() {
            problems.push(Problem::of_file("there is no sample in it".to_owned()));
        }
        if problems.is_empty() { Ok(Samples { name: name.to_owned(), rows }) } else { Err(bad(problems)) }
    }
}

fn in_order(last: Option<&Sample>, sample: &Sample, line: u64) -> Result<(), Vec<Problem>> {
    match last.filter(|last| last.at >= sample.at) {
        Some(last) => {
            let what = format!("{} is not after {} before it; sort by time", sample.at, last.at);
            Err(vec![Problem::at(line, what)])
        }
        None => Ok(()),
    }
}

impl Columns {
    fn of(header: &csv::StringRecord, objective: &Objective) -> Result<Columns, Vec<Problem>> {
        let names: Vec<String> = header.iter().map(bare).collect();
        let mut wrong = Vec::new();
        let mut place = HashMap::new();
        let mut quantiles = Vec::new();
        for (column, name) in names.iter().enumerate() {
            let quantile = name.strip_prefix('p').and_then(percent);
            quantiles.extend(quantile.map(|percent| (percent, name.clone())));
            if quantile.is_none() && !NEEDED.contains(&name.as_str()) && ![CPU, LAG].contains(&name.as_str())
            {
                let known = format!("{}, {CPU}, {LAG}, and quantiles such as p95", NEEDED.join(", "));
                wrong.push(format!("the column {name:?} is not known; there are {known}"));
            }
            if place.insert(name.clone(), column).is_some() {
                wrong.push(format!("the column {name:?} is there twice"));
            }
        }
        let missing = NEEDED.iter().filter(|name| !place.contains_key(**name));
        wrong.extend(missing.map(|name| format!("the column {name:?} is missing")));
        quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
        wrong.extend(unjudged(&quantiles, objective));
        match wrong.is_empty() {
            true => Ok(Columns { place, quantiles, count: names.len() }),
            false => Err(wrong.into_iter().map(|what| Problem::at(1, what)).collect()),
        }
    }

    fn sample(&self, row: &csv::StringRecord) -> Result<Sample, Vec<Problem>> {
        let line = line(row);
        if row.len() != self.count {
            let what = format!("{} fields; the header has {}", row.len(), self.count);
            return Err(vec![Problem::at(line, what)]);
        }
        let mut fields = Fields { columns: self, row, wrong: Vec::new() };
        let at = fields.read("time", instant);
        let users = fields.read("users", whole);
        let [connections, requests, errors, throughput] =
            ["connections", "requests", "errors", "throughput"].map(|name| fields.read(name, amount));
        let cpu = fields.optional(CPU, share);
        let lag = fields.optional(LAG, amount);
        let latency = fields.latency(requests.is_some_and(|requests| requests > 0.0));
        let wrong = fields.wrong;
        match (at, users, connections, requests, errors, throughput) {
            (Some(at), Some(users), Some(connections), Some(requests), Some(errors), Some(throughput))
                if wrong.is_empty() =>
            {
                Ok(Sample { at, users, connections, requests, errors, throughput, latency, cpu, lag })
            }
            _ => Err(wrong.into_iter().map(|what| Problem::at(line, what)).collect()),
        }
    }
}

/// What is missing to judge the objective.
fn unjudged(quantiles: &[(f64, String)], objective: &Objective) -> Option<String> {
    let there = quantiles.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ");
    match objective {
        Objective::Quantile { percent, .. } => {
            let known = quantiles.iter().any(|(known, _)| known == percent);
            (!known).then(|| format!("{objective} needs a column \"p{percent}\"; there are: {there}"))
        }
        Objective::Apdex { .. } => {
            let wanted = format!("{objective} needs at least three columns of quantiles; there are: {there}");
            (quantiles.len() < 3).then_some(wanted)
        }
    }
}

/// One row, read field by field; what is wrong is gathered.
struct Fields<'a> {
    columns: &'a Columns,
    row: &'a csv::StringRecord,
    wrong: Vec<String>,
}

impl Fields<'_> {
    fn text(&self, name: &str) -> &str {
        self.columns.place.get(name).and_then(|place| self.row.get(*place)).unwrap_or_default()
    }

    fn read<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let value = read(self.text(name));
        value.map_err(|what| self.wrong.push(format!("{name}: {what}"))).ok()
    }

    /// A number that may be left empty.
    fn optional(&mut self, name: &str, read: fn(&str) -> Result<f64, String>) -> Option<f64> {
        if self.text(name).is_empty() { None } else { self.read(name, read) }
    }

    /// The quantiles, which are there if something was answered.
    fn latency(&mut self, answered: bool) -> Vec<(f64, f64)> {
        if !answered {
            return Vec::new();
        }
        let columns = self.columns;
        let mut latency: Vec<(f64, f64)> = Vec::new();
        for (percent, name) in &columns.quantiles {
            let Some(millis) = self.read(name, amount) else { continue };
            if latency.last().is_some_and(|(_, lower)| *lower > millis) {
                self.wrong.push(format!("{name}: {millis} is less than a lower quantile"));
            }
            latency.push((*percent, millis));
        }
        latency
    }
}

fn amount(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err(format!("{text:?} is no number from zero up")),
    }
}

/// A share that was measured, so that it may lie a little above 1.
fn share(text: &str) -> Result<f64, String> {
    match amount(text)? {
        share if share <= MOST_SHARE => Ok(share),
        _ => Err(format!("{text:?} is no share from 0 to 1; is it in percent? divide by 100")),
    }
}

fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is no whole number"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEADER: &str = "time,users,connections,requests,errors,throughput,p50,p95,cpu,lag_ms\n";

    fn parse(text: &str) -> Result<Samples, String> {
        Samples::parse("s.csv", text, &"p95 < 250ms".parse().unwrap()).map_err(|bad| bad.to_string())
    }

    #[test]
    fn a_row_is_read_by_the_names_of_its_columns() {
        let text = "p95,TIME,users,connections,requests,errors,throughput,p50\n30,60,4,3.5,90,2,30.0,10.5\n";
        let samples = parse(text).unwrap();
        let sample = &samples.rows[0];
        assert_eq!((sample.users, sample.connections, sample.requests), (4, 3.5, 90.0));
        assert_eq!((sample.errors, sample.throughput), (2.0, 30.0));
        assert_eq!(sample.latency, [(50.0, 10.5), (95.0, 30.0)]);
        assert_eq!((sample.cpu, sample.lag), (None, None));
    }

    #[test]
    fn an_interval_without_an_answer_has_no_quantiles() {
        let samples = parse(&format!("{HEADER}60,4,4,0,12,0,,,0.2,1.5\n")).unwrap();
        assert!(samples.rows[0].latency.is_empty());
        assert_eq!((samples.rows[0].cpu, samples.rows[0].lag), (Some(0.2), Some(1.5)));
    }

    #[test]
    fn everything_wrong_is_told_at_once_by_line() {
        let text = format!(
            "{HEADER}noon,4,4,90,0,30,10,20,,\n60,4.5,4,90,0,-1,10,20,,\n120,4,4,90,0,30,30,20,,\n\
             120,4,4,90,0,30,10,20,,\n180,4,4,90,0,30,,20,,\n200,4,4\n110,4,4,90,0,30,10,20,,\n\
             240,4,4,90,0,30,10,20,35,\n"
        );
        let told = parse(&text).unwrap_err();
        for line in [
            "s.csv:2: time: \"noon\" is no timestamp",
            "s.csv:3: users: \"4.5\" is no whole number",
            "s.csv:3: throughput: \"-1\" is no number from zero up",
            "s.csv:4: p95: 20 is less than a lower quantile",
            "s.csv:6: p50: \"\" is no number",
            "s.csv:7: 3 fields; the header has 10",
            "s.csv:8: 1970-01-01T00:01:50Z is not after 1970-01-01T00:02:00Z",
            "s.csv:9: cpu: \"35\" is no share from 0 to 1",
        ] {
            assert!(told.contains(line), "{line:?} is missing in\n{told}");
        }
    }

    #[test]
    fn a_header_that_does_not_do_is_told_with_what_would() {
        let told = parse("time,users,users,latency\n").unwrap_err();
        for part in [
            "s.csv:1: the column \"users\" is there twice",
            "the column \"latency\" is not known",
            "the column \"throughput\" is missing",
            "needs a column \"p95\"",
        ] {
            assert!(told.contains(part), "{part:?} is missing in\n{told}");
        }
        assert!(parse(HEADER).unwrap_err().contains("no sample"));
        assert!(parse("").unwrap_err().contains("is missing"));
    }
}
