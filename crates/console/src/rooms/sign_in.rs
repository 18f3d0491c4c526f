//! Signing in and out.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::refusal::RefusalCode;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page_with};
use crate::guard::{self, Asked, Password, Posted, Seat, Visitor};
use crate::shared::House;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    email: String,
    password: String,
    next: String,
    email_error: Option<&'static str>,
    password_error: Option<String>,
    demo: Option<Demo>,
}

struct Demo {
    customer: String,
    customer_password: String,
    staff: String,
    staff_password: String,
}

/// What the address of the page may say.
#[derive(Deserialize)]
pub(crate) struct Arrival {
    #[serde(default)]
    next: String,
    /// `customer` or `staff`: fill in the login of the sandbox.
    #[serde(default)]
    demo: String,
}

/// The sign-in form.
#[derive(Deserialize)]
pub(crate) struct Login {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: Password,
    #[serde(default)]
    next: String,
}

/// Shows the form.
pub(crate) async fn show(
    State(house): State<House>,
    visitor: Visitor,
    Asked(arrival): Asked<Arrival>,
) -> Result<Response, Fault> {
    if visitor.person.is_some() {
        return Ok(Redirect::to(local(&arrival.next)).into_response());
    }
    let mut form = blank(&house, &arrival.next);
    if let Some(demo) = &house.demo {
        let (email, password) = match arrival.demo.as_str() {
            "customer" => (demo.customer_email.clone(), demo.customer_password.expose().clone()),
            "staff" => (demo.staff_email.clone(), demo.staff_password.expose().clone()),
            _ => (String::new(), String::new()),
        };
        form.email = email;
        form.password = password;
    }
    page_with(StatusCode::OK, &form)
}

/// Checks the login and begins a session.
pub(crate) async fn enter(
    State(house): State<House>,
    visitor: Visitor,
    Seat(seat): Seat,
    Posted(login): Posted<Login>,
) -> Result<Response, Fault> {
    let email = login.email.trim();
    let mut form = blank(&house, &login.next);
    email.clone_into(&mut form.email);
    if email.is_empty() {
        form.email_error = Some("Write the e-mail address that you sign in with.");
    }
    if login.password.0.expose().is_empty() {
        form.password_error = Some("Write your password.".to_owned());
    }
    if form.email_error.is_some() || form.password_error.is_some() {
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &form);
    }
    match house.desk.sign_in(email, &login.password.0, seat).await {
        Ok((_, token)) => {
            if let Some(old) = &visitor.token {
                house.desk.sign_out(old.expose()).await;
            }
            let response = Redirect::to(local(&login.next)).into_response();
            Ok(guard::remember(&house, response, &token))
        }
        Err(refusal) => {
            let (status, text) = match refusal.code {
                RefusalCode::InvalidCredentials => {
                    let text =
                        "E-mail address and password do not belong together. Check both and try again.";
                    (StatusCode::UNAUTHORIZED, text.to_owned())
                }
                RefusalCode::RateLimited => {
                    (StatusCode::TOO_MANY_REQUESTS, wait_words(refusal.retry_after_s))
                }
                _ => return Err(refusal.into()),
            };
            form.password_error = Some(text);
            page_with(status, &form)
        }
    }
}

/// Ends the session.
pub(crate) async fn leave(State(house): State<House>, visitor: Visitor) -> Response {
    if let Some(token) = &visitor.token {
        house.desk.sign_out(token.expose()).await;
    }
    guard::forget(&house, Redirect::to("/sign-in").into_response())
}

fn blank(house: &House, next: &str) -> SignInPage {
    let demo = house.demo.as_ref().map(|demo| Demo {
        customer: demo.customer_email.clone(),
        customer_password: demo.customer_password.expose().clone(),
        staff: demo.staff_email.clone(),
        staff_password: demo.staff_password.expose().clone(),
    });
    SignInPage {
        frame: Frame::new(house, None, Room::None, "Sign in"),
        email: String::new(),
        password: String::new(),
        next: local(next).to_owned(),
        email_error: None,
        password_error: None,
        demo,
    }
}

fn wait_words(retry_after_s: Option<u32>) -> String {
    match retry_after_s {
        Some(seconds) => format!("There were too many attempts. Try again in {seconds} seconds."),
        None => "There were too many attempts. Try again in a few minutes.".to_owned(),
    }
}

/// The address to go on to: one of our own pages, or the overview.
fn local(next: &str) -> &str {
    let inside = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic());
    if inside && is_plain { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn leads_to_our_own_pages_only() {
        let cases = [
            ("/messages?s=4", "/messages?s=4"),
            ("//evil.example/", "/"),
            ("https://evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nset-cookie: x", "/"),
            ("", "/"),
        ];
        for (next, to) in cases {
            assert_eq!(local(next), to, "{next}");
        }
    }
}
