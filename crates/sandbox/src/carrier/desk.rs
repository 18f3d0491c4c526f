//! The phones of a carrier as the console sees them: reads the phone book, and sends answers over a bind.
//!
//! Start at [`Desk::new`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use gsm_text::{SplitOptions, split};
use ports::BoxFuture;
use ports::phones::{Phone, PhoneDesk};
use types::address::{Address, Msisdn};

use super::delivery::{AnswerPart, Content, Delivery};
use super::incoming::StoredAddress;
use super::shared::Shared;

/// Most parts of an answer; a longer text is refused.
const ANSWER_PARTS_MAX: u8 = 10;
/// `esm_class` of a part with a user data header (SMPP 3.4, 5.2.12).
const ESM_CLASS_UDH: u8 = 0x40;

/// The phones.
pub(crate) struct Desk {
    shared: Arc<Shared>,
    reference: AtomicU16,
}

impl Desk {
    /// The phones of that carrier.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, reference: AtomicU16::new(0) }
    }

    /// Hands the parts of an answer to a bind. `None` when the text or an address cannot be sent, or no bind
    /// can receive.
    fn send(&self, number: Msisdn, to: &str, text: &str) -> Option<u8> {
        let text = Some(text).filter(|text| !text.is_empty())?;
        let number = stored(&Address::international(number))?;
        let to = stored(&Address::from_text(to).as_sender()).filter(|to| !to.digits().is_empty())?;
        let reference = self.reference.fetch_add(1, Ordering::Relaxed);
        let options = SplitOptions { reference, max_parts: ANSWER_PARTS_MAX, ..SplitOptions::default() };
        let answer = split(text, &options).ok()?;
        let parts: Vec<Delivery> = answer
            .parts
            .iter()
            .map(|part| {
                Delivery::new(Content::Answer(Box::new(AnswerPart {
                    number,
                    to,
                    esm_class: if part.header.is_empty() { 0 } else { ESM_CLASS_UDH },
                    data_coding: answer.data_coding().octet(),
                    user_data: part.user_data(),
                })))
            })
            .collect();
        let count = u8::try_from(parts.len()).ok()?;
        self.shared.with_centre(|centre| centre.answer(parts)).then_some(count)
    }
}

impl PhoneDesk for Desk {
    fn phones(&self, limit: usize) -> Vec<Phone> {
        self.shared.phones.phones(limit)
    }

    fn phone(&self, number: Msisdn) -> Option<Phone> {
        self.shared.phones.phone(number)
    }

    /// The answer is true once the parts stand in the queue of a bind; it does not wait for the response.
    fn answer(&self, number: Msisdn, to: &str, text: &str) -> BoxFuture<'_, bool> {
        let sent = self.send(number, to, text);
        if let Some(parts) = sent
            && self.shared.options.keep_phones
        {
            self.shared.phones.note_answer(number, to, text, parts, self.shared.now().at);
        }
        Box::pin(std::future::ready(sent.is_some()))
    }

    fn revision(&self) -> u64 {
        self.shared.phones.revision()
    }
}

fn stored(address: &Address) -> Option<StoredAddress> {
    StoredAddress::new(smpp::Address { ton: address.ton, npi: address.npi, digits: &address.octets })
}
