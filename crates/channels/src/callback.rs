//! Receipts that a supplier tells by calling us back, whatever the type of its connector.
//!
//! The HTTP door owns the path; it hands the fields of a call to the [`CallbackDesk`] of the factory,
//! which knows the connectors that wait for such calls. It opens no socket and matches no receipt to
//! its message. Start at [`receipt_from_callback`].

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use ports::BoxFuture;
use ports::channel::{ChannelEvent, ChannelSink};
use ports::clock::Clock;
use serde::Deserialize;
use smpp::MessageState;
use subtle::ConstantTimeEq;
use types::Sensitive;
use types::address::Address;
use types::id::ConnectorId;
use types::receipt::{ReceiptNotice, ReceiptState};
use types::time::Timestamp;

use crate::message_state::receipt_state;
use crate::receipt_text::{ID_OCTETS_MAX, WORD_OCTETS_MAX, shortened};

/// Takes in what suppliers call back with at `/callbacks/<connector>/<token>`.
pub trait CallbackDesk: Send + Sync {
    /// Hands over the fields of one call: those of the query, then those of a form or the members of
    /// a JSON object, nested ones with their names joined by dots. `true` when the receipt has been
    /// told to the core; `false` for an unknown connector, a wrong token (the door must not tell
    /// which), or fields that are no receipt.
    fn receive<'a>(
        &'a self,
        connector: &'a str,
        token: &'a str,
        fields: &'a [(String, String)],
    ) -> BoxFuture<'a, bool>;
}

/// Which fields of a call tell what.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackOptions {
    /// The field with the supplier's id of the message.
    pub id: String,
    /// The field with the state.
    pub status: String,
    /// The field with the error code; empty for none.
    pub error: String,
    /// The field with the submit date; empty for none.
    pub submit_date: String,
    /// The field with the done date; empty for none.
    pub done_date: String,
    /// The field with the recipient; empty for none.
    pub to: String,
    /// The field with the sender; empty for none.
    pub from: String,
    /// The supplier's words for states and ours; its other words are understood as in SMPP receipts.
    pub states: BTreeMap<String, String>,
}

impl Default for CallbackOptions {
    fn default() -> Self {
        let none = String::new;
        Self {
            id: "id".into(),
            status: "status".into(),
            error: none(),
            submit_date: none(),
            done_date: none(),
            to: none(),
            from: none(),
            states: BTreeMap::new(),
        }
    }
}

impl CallbackOptions {
    /// Checks the words for states.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.id.is_empty() || self.status.is_empty() {
            return Err("callback: write the names of the fields id and status".into());
        }
        for (word, state) in &self.states {
            if ReceiptState::parse(state).is_none() {
                let names: Vec<_> = ReceiptState::ALL.iter().map(|state| state.as_str()).collect();
                return Err(format!("callback.states.{word}: write one of {}", names.join(", ")));
            }
        }
        Ok(())
    }

    fn state(&self, word: &str) -> ReceiptState {
        if let Some(state) = self.states.get(word) {
            return ReceiptState::parse(state).unwrap_or(ReceiptState::Unknown);
        }
        let lower = word.to_ascii_lowercase();
        let upper = word.to_ascii_uppercase();
        let of_smpp = || MessageState::ALL.into_iter().find(|state| state.stat() == upper).map(receipt_state);
        ReceiptState::parse(&lower).or_else(of_smpp).unwrap_or(ReceiptState::Unknown)
    }
}

/// Reads the receipt that the fields of a call tell; `None` when they name no message or no state.
pub fn receipt_from_callback(
    options: &CallbackOptions,
    fields: &[(String, String)],
    read_at: Timestamp,
) -> Option<ReceiptNotice> {
    let field = |name: &str| {
        fields.iter().find(|(key, _)| !name.is_empty() && key == name).map(|(_, value)| value.trim())
    };
    let text = |name: &str| shortened(field(name).unwrap_or(""), WORD_OCTETS_MAX);
    let id = field(&options.id).filter(|id| !id.is_empty())?;
    let stat = field(&options.status).filter(|stat| !stat.is_empty())?;
    Some(ReceiptNotice {
        carrier_id: shortened(id, ID_OCTETS_MAX),
        state: options.state(stat),
        stat: shortened(stat, WORD_OCTETS_MAX),
        error: text(&options.error),
        submit_date: text(&options.submit_date),
        done_date: text(&options.done_date),
        source: Address::from_text(&text(&options.to)),
        destination: Address::from_text(&text(&options.from)),
        tlvs: Vec::new(),
        read_at,
    })
}

/// A connector that waits for calls.
pub(crate) struct Desk {
    pub(crate) id: ConnectorId,
    pub(crate) token: Sensitive<String>,
    pub(crate) options: CallbackOptions,
    pub(crate) sink: Arc<dyn ChannelSink>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The connectors that wait for calls, by name.
#[derive(Default)]
pub(crate) struct Callbacks {
    desks: Mutex<HashMap<String, Arc<Desk>>>,
}

impl Callbacks {
    fn desks(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Desk>>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connector wait for calls, in place of an earlier one of its name.
    pub(crate) fn register(&self, connector: &str, desk: Arc<Desk>) {
        self.desks().insert(connector.to_owned(), desk);
    }

    /// Stops waiting, unless another has taken the name over.
    pub(crate) fn remove(&self, connector: &str, desk: &Arc<Desk>) {
        let mut desks = self.desks();
        if desks.get(connector).is_some_and(|now| Arc::ptr_eq(now, desk)) {
            desks.remove(connector);
        }
    }
}

impl CallbackDesk for Callbacks {
    fn receive<'a>(
        &'a self,
        connector: &'a str,
        token: &'a str,
        fields: &'a [(String, String)],
    ) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let desk = self.desks().get(connector).map(Arc::clone);
            // An unknown connector costs the same comparison, so that time tells no names.
            let expected = desk.as_ref().map_or(token, |desk| desk.token.expose().as_str());
            let is_good = bool::from(expected.as_bytes().ct_eq(token.as_bytes()));
            let Some(desk) = desk.filter(|_| is_good) else { return false };
            match receipt_from_callback(&desk.options, fields, desk.clock.now()) {
                Some(receipt) => {
                    desk.sink.tell(desk.id, vec![ChannelEvent::Receipt(receipt)]).await;
                    true
                }
                None => false,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use types::receipt::ReceiptState;
    use types::time::Timestamp;

    use super::{CallbackOptions, receipt_from_callback};

    #[test]
    fn fields_become_receipts() {
        let options = CallbackOptions {
            id: "messageId".into(),
            error: "err".into(),
            to: "msisdn".into(),
            states: [("D".to_owned(), "delivered".to_owned()), ("B".to_owned(), "undelivered".to_owned())]
                .into(),
            ..CallbackOptions::default()
        };
        for (id, status, expected) in [
            ("a", "D", Some(ReceiptState::Delivered)),
            ("a", "B", Some(ReceiptState::Undelivered)),
            ("a", "delivrd", Some(ReceiptState::Delivered)),
            ("a", "UNDELIV", Some(ReceiptState::Undelivered)),
            ("a", "Rejected", Some(ReceiptState::Rejected)),
            ("a", "??", Some(ReceiptState::Unknown)),
            (" ", "D", None),
            ("a", "", None),
        ] {
            let fields = [("messageId", id), ("status", status), ("err", "5"), ("msisdn", "447911123456")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()));
            let notice = receipt_from_callback(&options, &fields, Timestamp::EPOCH);
            assert_eq!(notice.as_ref().map(|notice| notice.state), expected, "{id} {status}");
            if let Some(notice) = notice {
                assert_eq!(
                    (notice.carrier_id.as_str(), notice.error.as_str(), notice.stat.as_str()),
                    ("a", "5", status)
                );
                assert_eq!(notice.source.text(), "447911123456");
            }
        }
        assert_eq!(receipt_from_callback(&options, &[], Timestamp::EPOCH), None);
    }
}
