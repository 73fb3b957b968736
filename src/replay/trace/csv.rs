//! A trace's text: CSV with a header `timestamp,value`, everything wrong with it told by line.

use super::Sample;
use crate::table::{Problem, bare, instant, line, reader};

/// One line of the file.
#[derive(Debug, Clone, Copy)]
struct Row {
    line: u64,
    sample: Sample,
}

/// The samples, in order and with at least two timestamps and one value.
pub(super) fn read(text: &str) -> Result<Vec<Sample>, Vec<Problem>> {
    let mut reader = reader(text);
    let mut problems = Vec::new();
    match reader.headers() {
        Ok(header) if header.iter().map(bare).eq(["timestamp", "value"]) => {}
        Ok(header) if header.len() == 1 && header.iter().any(|name| name.contains(';')) => {
            let what =
                "the columns are separated by semicolons; they must be by commas, with points in numbers";
            return Err(vec![Problem::at(1, what.to_owned())]);
        }
        Ok(header) => {
            let found = header.iter().collect::<Vec<_>>().join(",");
            problems.push(Problem::at(1, format!("the header is {found:?}; it must be \"timestamp,value\"")));
        }
        Err(error) => problems.push(Problem::of_file(error.to_string())),
    }
    let mut rows: Vec<Row> = Vec::new();
    for record in reader.records() {
        match record.map_err(|error| Problem::of_file(error.to_string())).and_then(|record| row(&record)) {
            Ok(row) => match rows.last() {
                Some(last) if last.sample.at >= row.sample.at => problems.push(out_of_order(last, &row)),
                _ => rows.push(row),
            },
            Err(problem) => problems.push(problem),
        }
    }
    let samples: Vec<Sample> = rows.into_iter().map(|row| row.sample).collect();
    if problems.is_empty() {
        problems.extend(too_few(&samples));
    }
    if problems.is_empty() { Ok(samples) } else { Err(problems) }
}

fn row(record: &csv::StringRecord) -> Result<Row, Problem> {
    let line = line(record);
    let [timestamp, value] = [record.get(0).unwrap_or_default(), record.get(1).unwrap_or_default()];
    if record.len() != 2 {
        let fields = record.len();
        return Err(Problem::at(line, format!("{fields} fields; a timestamp and a value are expected")));
    }
    let at = instant(timestamp).map_err(|what| Problem::at(line, what))?;
    let load = load(value).map_err(|what| Problem::at(line, what))?;
    Ok(Row { line, sample: Sample { at, load } })
}

fn load(text: &str) -> Result<Option<f64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(load) if load.is_finite() && load >= 0.0 => Ok(Some(load)),
        Ok(_) => Err(format!("the value {text} is no load; it must be zero or more")),
        Err(_) => Err(format!("the value {text:?} is no number; leave it empty where there was no sample")),
    }
}

fn out_of_order(last: &Row, row: &Row) -> Problem {
    let what =
        format!("{} is not after {} in line {}; sort by time", row.sample.at, last.sample.at, last.line);
    Problem::at(row.line, what)
}

fn too_few(samples: &[Sample]) -> Option<Problem> {
    if samples.len() < 2 {
        return Some(Problem::of_file("fewer than two samples; a replay needs a course of time".to_owned()));
    }
    let empty = samples.iter().all(|sample| sample.load.is_none());
    empty.then(|| Problem::of_file("no line has a value".to_owned()))
}
