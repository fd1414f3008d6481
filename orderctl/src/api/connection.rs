//! From the options of the command line to a caller of the API.

use std::path::Path;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};

use super::Api;
use crate::cli::Connection;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::world::Clock;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl Api {
    /// Reads where the API is and who is asking; nothing is sent yet.
    pub(crate) fn open(
        options: &Connection,
        terminal: &Terminal,
        clock: &Clock,
    ) -> Result<Self, Failure> {
        let base = base(options)?;
        let token = token(options)?;
        let deadline = options.timeout.and_then(|x| clock.now().checked_add(x.as_duration()).ok());
        Ok(Self {
            client: client(&base)?,
            base: base.as_str().trim_end_matches('/').to_owned(),
            authorization: authorization(&token)?,
            clock: clock.clone(),
            terminal: terminal.clone(),
            deadline,
        })
    }
}

fn base(options: &Connection) -> Result<Url, Failure> {
    let Some(text) = &options.api else {
        let failure = Failure::usage("nobody said where the API is");
        return Err(failure.advise("--api URL, or set ORDERCTL_API".to_owned()));
    };
    let url = Url::parse(text).ok().filter(|url| {
        url.has_host()
            && url.query().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    let url = url.ok_or_else(|| Failure::usage("the API's address is not a plain URL"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        _ => Err(Failure::usage("the token travels over https only, or to this machine")),
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// The file wins, because the other one may come from the environment.
fn token(options: &Connection) -> Result<SecretString, Failure> {
    match (&options.token_file, &options.token) {
        (Some(file), _) => token_of_file(file),
        (None, Some(token)) => Ok(token.clone()),
        (None, None) => {
            let failure = Failure::usage("nobody said who is asking");
            Err(failure.advise("--token-file FILE, or set ORDERCTL_TOKEN".to_owned()))
        }
    }
}

fn token_of_file(file: &Path) -> Result<SecretString, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("cannot read the token file {}: {error}", file.display()))
    })?;
    Ok(text.into())
}

fn authorization(token: &SecretString) -> Result<HeaderValue, Failure> {
    let token = token.expose_secret().trim();
    let is_plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let header = HeaderValue::from_str(&format!("Bearer {token}")).ok().filter(|_| is_plain);
    let mut header = header.ok_or_else(|| Failure::usage("the token is not one word of ASCII"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Redirects are not followed: the token is for this API only.
fn client(base: &Url) -> Result<Client, Failure> {
    // Fails only when one is installed already, which is as good.
    let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .user_agent(concat!("orderctl/", env!("CARGO_PKG_VERSION")));
    // A proxy is for the world outside.
    let builder = if is_this_machine(base) { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| Failure::usage(format!("no HTTP client: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base_of(api: &str) -> Result<String, ()> {
        let options = Connection { api: Some(api.to_owned()), ..Connection::default() };
        base(&options).map(|url| url.to_string()).map_err(|_| ())
    }

    #[test]
    fn a_token_never_travels_in_plain_text_to_another_machine() {
        for api in ["https://orders.example.com/v1", "http://localhost:1/x", "http://[::1]:1/"] {
            assert_eq!(base_of(api), Ok(api.to_owned()));
        }
        for api in
            ["http://orders.example.com", "http://localhost.example.com", "ftp://localhost", "x"]
        {
            assert_eq!(base_of(api), Err(()), "{api}");
        }
    }

    #[test]
    fn a_token_of_several_words_is_refused_and_never_shown() {
        let failure = authorization(&"se cret".into()).expect_err("two words");
        assert!(!format!("{failure:?}").contains("cret"));

        let header = authorization(&" secret\n".into()).ok();
        assert_eq!(header.as_ref().map(HeaderValue::as_bytes), Some(&b"Bearer secret"[..]));
        assert!(!format!("{header:?}").contains("secret"));
    }
}
