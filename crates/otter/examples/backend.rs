//! A small web server, as a thing to be launched: answers every request with its id, and holds connections
//! open until the client closes them. Run it with PORT set.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() -> std::io::Result<()> {
    let port = env::var("PORT").ok().and_then(|port| port.parse::<u16>().ok());
    let port = port.ok_or_else(|| std::io::Error::other("PORT must be set to a port"))?;
    let id = env::var("OTTER_SERVER_ID").unwrap_or_default();
    for stream in TcpListener::bind(("127.0.0.1", port))?.incoming() {
        let (stream, id) = (stream?, id.clone());
        thread::spawn(move || serve(&stream, &id));
    }
    Ok(())
}

/// Answers requests without bodies until the client has enough.
fn serve(stream: &TcpStream, id: &str) -> std::io::Result<()> {
    let (mut lines, mut answers) = (BufReader::new(stream).lines(), stream);
    while let Some(line) = lines.next().transpose()? {
        if line.is_empty() {
            write!(answers, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{id}", id.len())?;
        }
    }
    Ok(())
}
