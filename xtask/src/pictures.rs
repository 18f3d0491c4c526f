//! The pictures of the console that the documentation shows, taken from a running `chappe`.
//!
//! It starts a platform of its own with simulated parties, lets a few messages run through it, and
//! has a headless Chromium photograph the pages. It never touches a platform that is already
//! running. Nothing of a picture is drawn or retouched. Start at [`run`]; what is taken stands in
//! [`PICTURES`], what is sent in [`MESSAGES`].

mod cookie_proxy;
mod talk;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};

use crate::need::{self, Need};
use crate::peer::build_release;
use crate::process;
use crate::server::Server;
use cookie_proxy::CookieProxy;
use talk::{Answer, Host};

/// Where the pictures go when nothing else is said.
const FOLDER: &str = "docs/pictures";
/// The largest picture that is taken without a word, in octets: they are kept in git.
const OCTETS_MAX: u64 = 200 * 1024;
/// How long the messages may take to their ends, or to the doubt that is theirs.
const SETTLED_LIMIT: Duration = Duration::from_secs(60);
/// How long a phone's answer may take to its account.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How long the browser may take for one picture.
const BROWSER_LIMIT: Duration = Duration::from_secs(60);
/// Milliseconds that a page may run before it is photographed, so that its scripts have drawn.
const SETTLE_MS: u32 = 4_000;

/// A message that is sent so that there is something to see: sender, recipient, class and text.
type Sent = (&'static str, &'static str, &'static str, &'static str);

/// What is sent, oldest first. The last four digits of a recipient choose its fate.
const MESSAGES: &[Sent] = &[
    ("ACME", "+33612345678", "transactional", LONG_TEXT),
    (
        "447520600600",
        "+447400123456",
        "transactional",
        "Your table at the Anchor is booked for Saturday, 19:30, four people. Answer C to cancel.",
    ),
    ("Parcel", "+447400120001", "transactional", "Your parcel comes today between 14:00 and 15:00."),
    ("ACME", "+32470198765", "bulk", "Vanaf maandag zijn wij weer open. Tot dan!"),
    ("Parcel", "+447400123456", "transactional", "Your parcel comes today between 14:00 and 15:00."),
    ("Clinic", "+447400120009", "transactional", "Reminder: your appointment is on Tuesday at 9:40."),
    ("Clinic", "+447400120004", "transactional", "Reminder: your appointment is on Tuesday at 10:20."),
    ("ACME", "+48501234567", "transactional", "Potwierdzamy wizytę w sobotę o 19:30. Do zobaczenia!"),
    (
        "Bank",
        "+4915112345678",
        "one_time",
        "605218 is your code for the transfer of 120.00 EUR. We never ask for it by phone.",
    ),
    ("Bank", "+447400120007", "one_time", "731904 is your code. It is valid for five minutes."),
    ("Parcel", "+447400120005", "transactional", "Your parcel waits for you at the post office, box 17."),
    ("Bank", "+447400123456", "one_time", "482913 is your code. It is valid for five minutes."),
];

/// Three parts: it is in the GSM alphabet and longer than two.
const LONG_TEXT: &str = "Bonjour Madame, votre commande 4711 est partie ce matin. Elle arrive demain entre 9 et \
    12 heures au 17, rue du Télégraphe. En votre absence, le paquet vous attend au relais de la gare \
    jusqu'au samedi suivant, de 8 à 19 heures. Pour changer le jour ou l'adresse, répondez simplement à ce \
    message avec le mot AUTRE, et nous vous rappelons dans l'heure. Merci de votre confiance.";

/// The recipient whose story is shown: its carrier is too busy twice before it takes the message.
const STORY_OF: &str = "+447400120005";
/// The phone that answers, whom it answers, and what it says.
const PHONE: (&str, &str, &str) = ("447400123456", "447520600600", "C – sorry, we are ill. Next week?");

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Eyes {
    Customer,
    Staff,
}

/// One picture.
struct Picture {
    /// The name of its file, without the ending.
    name: &'static str,
    eyes: Eyes,
    /// The page; `{story}` stands for the id of the message whose story is shown.
    path: &'static str,
    size: (u32, u32),
    is_dark: bool,
}

const DESK: (u32, u32) = (1440, 900);
/// Room for a whole story.
const TALL: (u32, u32) = (1440, 1120);
const POCKET: (u32, u32) = (390, 844);

const fn picture(
    name: &'static str,
    eyes: Eyes,
    path: &'static str,
    size: (u32, u32),
    is_dark: bool,
) -> Picture {
    Picture { name, eyes, path, size, is_dark }
}

/// What is taken.
const PICTURES: &[Picture] = &[
    picture("overview", Eyes::Customer, "/", DESK, false),
    picture("message", Eyes::Customer, "/messages/{story}", TALL, false),
    picture("phones", Eyes::Customer, "/phones", DESK, false),
    picture("connectors", Eyes::Staff, "/staff", DESK, false),
    picture("routes", Eyes::Staff, "/staff/routes", DESK, false),
    picture("message-dark", Eyes::Staff, "/staff/messages/{story}", TALL, true),
    picture("phones-pocket", Eyes::Customer, "/phones", POCKET, false),
    picture("message-pocket", Eyes::Customer, "/messages/{story}", POCKET, false),
];

/// Arguments of `cargo xtask pictures`.
#[derive(Debug, clap::Args)]
pub(crate) struct PicturesArguments {
    /// Photograph a debug build instead of a release build of the checkout.
    #[arg(long, conflicts_with = "binary")]
    debug: bool,
    /// Photograph this binary.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Where the pictures go.
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    out: PathBuf,
}

/// Takes all pictures.
pub(crate) fn run(arguments: &PicturesArguments) -> anyhow::Result<()> {
    need::provide(Need::Chromium)?;
    let binary = binary_of(arguments)?;
    let out = process::root().join(&arguments.out);
    std::fs::create_dir_all(&out).with_context(|| format!("failed to make {}", out.display()))?;
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let server = Server::start(&binary, &folder.path().join("data"), &[])?;
    take_all(&server, folder.path(), &out).map_err(|error| server.explained(&error))?;
    server.terminate()
}

fn binary_of(arguments: &PicturesArguments) -> anyhow::Result<PathBuf> {
    if let Some(binary) = &arguments.binary {
        return std::path::absolute(binary).context("failed to find the working folder");
    }
    let target = process::target_directory()?;
    if arguments.debug {
        process::run(process::command("cargo").args(["build", "--package", "chappe"]))?;
        return Ok(target.join("debug").join("chappe"));
    }
    build_release()?;
    Ok(target.join("release").join("chappe"))
}

fn take_all(server: &Server, folder: &Path, out: &Path) -> anyhow::Result<()> {
    let host = Host::new(server.value("CHAPPE_HTTP")?)?;
    let bearer = format!("Bearer {}.{}", server.value("CHAPPE_API_KEY")?, server.value("CHAPPE_API_SECRET")?);
    let customer =
        sign_in(&host, server.value("CHAPPE_CONSOLE_EMAIL")?, server.value("CHAPPE_CONSOLE_PASSWORD")?)?;
    let staff = sign_in(&host, server.value("CHAPPE_STAFF_EMAIL")?, server.value("CHAPPE_STAFF_PASSWORD")?)?;
    let story = play(&host, &bearer, &customer)?;
    for picture in PICTURES {
        let cookie = if picture.eyes == Eyes::Staff { &staff } else { &customer };
        let proxy = CookieProxy::start(host.address(), cookie)?;
        let url = format!("http://{}{}", proxy.address(), picture.path.replace("{story}", &story));
        let file = out.join(format!("{}.png", picture.name));
        photograph(picture, &url, &folder.join("browser"), &file)?;
        let octets =
            std::fs::metadata(&file).with_context(|| format!("there is no {}", file.display()))?.len();
        let remark = if octets > OCTETS_MAX { ", which is more than a picture should have" } else { "" };
        println!("{} ({} KiB{remark})", file.display(), octets / 1024);
    }
    Ok(())
}

/// Signs in and gives the session's cookie.
fn sign_in(host: &Host, email: &str, password: &str) -> anyhow::Result<String> {
    let form = talk::form(&[("email", email), ("password", password)]);
    let answer = host.post_form("/sign-in", "", &form)?;
    let cookie = answer.header("set-cookie").and_then(|line| line.split(';').next());
    cookie
        .filter(|_| answer.status == 303)
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("signing in as {email} was answered with status {}", answer.status))
}

/// Sends the messages, waits for their ends and answers from a phone. Gives the id of the message
/// whose story is shown.
fn play(host: &Host, bearer: &str, cookie: &str) -> anyhow::Result<String> {
    let mut story = None;
    for (from, to, class, text) in MESSAGES {
        let body = json!({ "from": from, "to": to, "class": class, "text": text });
        let answer = host.post_json("/api/v1/messages", bearer, &body)?;
        let id = answer.json()?.pointer("/messages/0/id").and_then(Value::as_str).map(str::to_owned);
        let id = id.ok_or_else(|| {
            anyhow!("a message was answered with status {}: {}", answer.status, answer.text())
        })?;
        if *to == STORY_OF {
            story = Some(id);
        }
    }
    process::wait_for("the messages to settle", SETTLED_LIMIT, || {
        let listed = host.get("/api/v1/messages?state=accepted,queued,sending&limit=100", bearer)?;
        Ok(is_empty(&listed)?.then_some(()))
    })?;
    let (phone, to, text) = PHONE;
    let answer = host.post_form(
        &format!("/phones/{phone}/answer"),
        cookie,
        &talk::form(&[("to", to), ("text", text)]),
    )?;
    if answer.status != 303 {
        bail!("the phone's answer was answered with status {}", answer.status);
    }
    process::wait_for("the phone's answer", ANSWER_LIMIT, || {
        let listed = host.get("/api/v1/inbound", bearer)?;
        Ok((!is_empty(&listed)?).then_some(()))
    })?;
    story.ok_or_else(|| anyhow!("no message goes to {STORY_OF}"))
}

fn is_empty(listed: &Answer) -> anyhow::Result<bool> {
    let json = listed.json()?;
    let items = json.get("items").and_then(Value::as_array);
    items.map(Vec::is_empty).ok_or_else(|| anyhow!("a list was answered with status {}", listed.status))
}

/// Lets the browser take one picture.
fn photograph(picture: &Picture, url: &str, profile: &Path, file: &Path) -> anyhow::Result<()> {
    let (width, height) = picture.size;
    let mut command = process::command("chromium");
    // In a container the browser may not make its own sandbox; it sees our own pages only.
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--lang=en"]);
    command.args(["--force-device-scale-factor=1", "--no-first-run"]);
    command.arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!picture.is_dark)));
    command.arg(format!("--user-data-dir={}", profile.display()));
    command.arg(format!("--timeout={SETTLE_MS}"));
    command.arg(format!("--window-size={width},{height}"));
    command.arg(format!("--screenshot={}", file.display()));
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut browser = process::Guarded::start(&mut command, "chromium")?;
    let status = process::wait_for("the browser", BROWSER_LIMIT, || browser.ended())?;
    if !status.success() {
        bail!("chromium ended with {status} instead of a picture of {url}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_messages_and_pictures_fits_together() {
        assert!(MESSAGES.iter().any(|(_, to, ..)| *to == STORY_OF));
        let (phone, answered, _) = PHONE;
        assert!(MESSAGES.iter().any(|(from, to, ..)| *to == format!("+{phone}") && *from == answered));
        let mut names: Vec<_> = PICTURES.iter().map(|picture| picture.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PICTURES.len(), "two pictures have one name");
    }
}
