//! The mailbox of the sandbox: mail that would have gone out is kept and shown instead.
//!
//! It never sends anything and never logs what it holds. Start at [`Mailbox`].

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use ports::phones::{MAILS_MAX, Mail, MailDesk, Mailer};

/// Keeps the newest [`MAILS_MAX`] mails; when it is full, the oldest goes.
#[derive(Debug, Default)]
pub struct Mailbox {
    mails: Mutex<VecDeque<Mail>>,
}

impl Mailbox {
    /// Makes an empty mailbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Mailer for Mailbox {
    fn send(&self, mail: Mail) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        while mails.len() >= MAILS_MAX {
            mails.pop_front();
        }
        mails.push_back(mail);
    }
}

impl MailDesk for Mailbox {
    fn mails(&self) -> Vec<Mail> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use ports::phones::{MAILS_MAX, Mail, MailDesk, Mailer};
    use types::Sensitive;
    use types::time::Timestamp;

    use super::Mailbox;

    #[test]
    fn keeps_the_newest_mails_newest_first() {
        let mailbox = Mailbox::new();
        assert!(mailbox.mails().is_empty());
        for number in 0..MAILS_MAX + 3 {
            mailbox.send(Mail {
                to: Sensitive::new("ada@example.com".to_owned()),
                subject: format!("mail {number}"),
                text: Sensitive::new("Hello".to_owned()),
                at: Timestamp::EPOCH,
            });
        }
        let subjects: Vec<String> = mailbox.mails().into_iter().map(|mail| mail.subject).collect();
        assert_eq!(subjects.len(), MAILS_MAX);
        assert_eq!(subjects.first().unwrap(), &format!("mail {}", MAILS_MAX + 2));
        assert_eq!(subjects.last().unwrap(), "mail 3");
        assert!(!format!("{mailbox:?}").contains("ada"), "addresses print masked");
    }
}
