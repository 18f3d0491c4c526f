//! The mailbox of the sandbox: every mail that went out.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use ports::phones::Mail;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page};
use crate::guard::SignedIn;
use crate::shared::House;
use crate::view::{Piece, ago, cell_time, excerpt, full_time};

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage {
    frame: Frame,
    rows: Vec<Row>,
}

struct Row {
    href: String,
    to: String,
    subject: String,
    text: String,
    at: Piece,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage {
    frame: Frame,
    to: String,
    subject: String,
    text: String,
    at: Piece,
    ago: Piece,
}

/// Shows the list, newest first.
pub(crate) async fn list(State(house): State<House>, person: SignedIn) -> Result<Response, Fault> {
    let rows = named(&mails(&house)?).into_iter().map(|(name, mail)| Row {
        href: format!("/mailbox/{name}"),
        to: mail.to.expose().clone(),
        subject: mail.subject.clone(),
        text: excerpt(mail.text.expose()),
        at: cell_time(mail.at),
    });
    let rows = rows.collect();
    page(&MailboxPage { frame: Frame::new(&house, Some(&person.0), Room::Mailbox, "Mailbox"), rows })
}

/// Shows one mail.
pub(crate) async fn show(
    State(house): State<House>,
    person: SignedIn,
    Path(wanted): Path<String>,
) -> Result<Response, Fault> {
    let mails = named(&mails(&house)?);
    let mail = mails.into_iter().find(|(name, _)| *name == wanted).map(|(_, mail)| mail);
    let mail = mail.ok_or_else(|| {
        Fault::not_found("The mailbox does not have this mail; old mails make room for new ones.")
    })?;
    page(&MailPage {
        frame: Frame::new(&house, Some(&person.0), Room::Mailbox, &mail.subject),
        to: mail.to.into_inner(),
        subject: mail.subject,
        text: mail.text.into_inner(),
        at: full_time(mail.at),
        ago: ago(mail.at, house.desk.now()),
    })
}

fn mails(house: &House) -> Result<Vec<Mail>, Fault> {
    let desk = house.mails.as_ref();
    desk.map(|desk| desk.mails())
        .ok_or_else(|| Fault::not_found("This installation has no simulated mailbox."))
}

/// Mails with names that stay when newer mails come: the time, and the place among mails of that time.
fn named(mails: &[Mail]) -> Vec<(String, Mail)> {
    let mut named = Vec::with_capacity(mails.len());
    let mut place = (i64::MIN, 0_u32);
    for mail in mails.iter().rev() {
        let ms = mail.at.as_ms();
        place = if place.0 == ms { (ms, place.1 + 1) } else { (ms, 0) };
        named.push((format!("{ms}-{}", place.1), mail.clone()));
    }
    named.reverse();
    named
}
