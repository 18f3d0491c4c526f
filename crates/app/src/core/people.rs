//! People: signing in and out, sessions, and new sign-ins.
//!
//! A password is hashed here and never kept, and a session's token is known by its hash alone.
//! Start at [`Core::sign_in`].

use std::net::IpAddr;

use ports::phones::Mail;
use ports::store::SessionRow;
use types::Sensitive;
use types::id::{AccountId, PersonId};
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;

use super::{Core, Person, stopped};
use crate::engine::{Change, Changed};
use crate::people::{PASSWORD_MAX, PASSWORD_MIN, SESSION_MS, SignInNames, place_of};
use crate::seal::sha256;

impl Core {
    /// Checks e-mail and password; on success begins a session and gives its token for the cookie.
    /// `from` is where the person sits, as far as that is known.
    ///
    /// # Errors
    /// `invalid_credentials`, the same for an unknown address and a wrong password; `rate_limited`
    /// after many failures; `unavailable` when too many sign in at once.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Sensitive<String>,
        from: Option<IpAddr>,
    ) -> Result<(Person, Sensitive<String>), Refusal> {
        let email = email.trim().to_lowercase();
        let place = from.map(place_of).map_or_else(String::new, |place| place.to_string());
        let names = SignInNames {
            here: self.inner.hasher.hash(b'e', format!("{email} {place}").as_bytes()),
            anywhere: self.inner.hasher.hash(b'e', email.as_bytes()),
        };
        self.inner.failed_sign_ins.check(names, self.now()).map_err(|seconds| {
            let detail = "there were too many failed sign-ins with this address; wait and try again";
            Refusal::new(RefusalCode::RateLimited, detail).retry_after(seconds)
        })?;
        let row = self.inner.ask(move |reader| reader.person_by_email(&email)).await?;
        let row = row.filter(|row| !row.disabled);
        let hash = row.as_ref().map(|row| row.password_hash.clone());
        let right = self.inner.passwords.check(password, hash).await.ok_or_else(|| {
            let detail = "too many people sign in at this moment; try again";
            Refusal::new(RefusalCode::Unavailable, detail).retry_after(2)
        })?;
        let Some(row) = row.filter(|_| right) else {
            self.inner.failed_sign_ins.note(names, self.now());
            return Err(Refusal::new(
                RefusalCode::InvalidCredentials,
                "the e-mail address or the password is not right",
            ));
        };
        self.inner.failed_sign_ins.clear(names);
        let token = crate::secret::session_token(self.inner.entropy.as_ref());
        let now = self.now();
        let session = SessionRow {
            token_hash: sha256(token.as_bytes()),
            person: row.id,
            created_at: now,
            expires_at: now.plus_ms(SESSION_MS),
        };
        self.change(Change::Session(session)).await?;
        Ok((person_of(row), token.into()))
    }

    /// The person of a session token.
    pub async fn session(&self, token: &str) -> Option<Person> {
        let hash = sha256(token.as_bytes());
        let now = self.now();
        let row = self.inner.ask(move |reader| {
            let session = reader.session(hash)?.filter(|session| session.expires_at > now);
            session.map_or(Ok(None), |session| reader.person(session.person))
        });
        row.await.ok().flatten().filter(|row| !row.disabled).map(person_of)
    }

    /// Ends a session.
    pub async fn sign_out(&self, token: &str) {
        if self.change(Change::SessionEnd(sha256(token.as_bytes()))).await.is_err() {
            tracing::warn!("a session could not be ended now; it lapses by itself");
        }
    }

    /// Makes a user of an account, or a member of staff for `None`, and tells it by mail.
    ///
    /// # Errors
    /// `invalid_request` for an address that is taken, a password that is too short, or a role that
    /// does not fit.
    pub async fn create_person(
        &self,
        account: Option<AccountId>,
        email: &str,
        role: Role,
        password: &Sensitive<String>,
    ) -> Result<PersonId, Refusal> {
        let email = email.trim().to_lowercase();
        let plausible = email.len() <= 254
            && email.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'));
        if !plausible {
            return Err(
                Refusal::new(RefusalCode::InvalidRequest, "this is not an e-mail address").at("email")
            );
        }
        let length = password.expose().chars().count();
        if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
            let detail = format!("a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("password"));
        }
        let hash = self.inner.passwords.hash(password, self.inner.entropy.as_ref()).await;
        let password_hash = hash.ok_or_else(stopped)?;
        let change = Change::Person { account, email: email.clone(), role, password_hash };
        let Changed::Person(id) = self.change(change).await? else { return Err(stopped()) };
        let brand = self.profile().operator.brand.clone();
        self.inner.mailer.send(Mail {
            to: email.into(),
            subject: format!("Your sign-in at {brand} is ready"),
            text: format!(
                "You can now sign in at {brand} with this address and the password that you were given.\n\n\
                 If you did not expect this mail, tell the operator.\n"
            )
            .into(),
            at: self.now(),
        });
        Ok(id)
    }
}

fn person_of(row: ports::store::PersonRow) -> Person {
    Person { id: row.id, account: row.account, home: None, email: row.email, role: row.role }
}
