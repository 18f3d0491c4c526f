//! A submitted message as the carrier looks at it: checked, with its user data header read.
//!
//! Every submitting operation ends here, so that one path serves them all. Start at [`Incoming::read`].

use std::hash::{DefaultHasher, Hash, Hasher};

use gsm_text::{Concatenated, NationalShift};
use smpp::{CommandStatus, ShortMessage};

/// Octets of an address that a receipt can carry back in `deliver_sm` (SMPP 3.4, 4.6.1).
const ADDRESS_OCTETS: usize = smpp::limits::ADDRESS;

/// An address without an allocation of its own, because millions of receipts may wait. Has no Debug, so that it
/// cannot reach a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredAddress {
    ton: u8,
    npi: u8,
    length: u8,
    digits: [u8; ADDRESS_OCTETS],
}

impl StoredAddress {
    /// Copies an address; `None` when it is longer than `deliver_sm` allows.
    pub(crate) fn new(address: smpp::Address<'_>) -> Option<Self> {
        let mut digits = [0; ADDRESS_OCTETS];
        digits.get_mut(..address.digits.len())?.copy_from_slice(address.digits);
        let length = u8::try_from(address.digits.len()).ok()?;
        Some(Self { ton: address.ton, npi: address.npi, length, digits })
    }

    /// The digits or letters.
    pub(crate) fn digits(&self) -> &[u8] {
        self.digits.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// The address for a PDU.
    pub(crate) fn as_smpp(&self) -> smpp::Address<'_> {
        smpp::Address { ton: self.ton, npi: self.npi, digits: self.digits() }
    }
}

/// A submitted message, or one destination of a `submit_multi`.
#[derive(Clone, Copy)]
pub(crate) struct Incoming<'a> {
    /// Who sends.
    pub(crate) source: StoredAddress,
    /// Who receives.
    pub(crate) destination: StoredAddress,
    /// Its place in a longer message, from the header or the `sar_*` parameters.
    pub(crate) place: Option<Concatenated>,
    /// National tables that the header names.
    pub(crate) shift: NationalShift,
    /// The alphabet of the body.
    pub(crate) data_coding: u8,
    /// The text without its header.
    pub(crate) body: &'a [u8],
    /// Which receipts are asked for.
    pub(crate) registered_delivery: u8,
}

impl<'a> Incoming<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// The status to refuse it with. What this carrier cannot do, such as scheduling, it refuses.
    pub(crate) fn read(message: &ShortMessage<'a>) -> Result<Self, CommandStatus> {
        if !message.schedule_delivery_time.is_empty() {
            return Err(CommandStatus::ESME_RINVSCHED);
        }
        if message.replace_if_present != 0 {
            return Err(CommandStatus::ESME_RINVSUBREP);
        }
        let source = StoredAddress::new(message.source).ok_or(CommandStatus::ESME_RINVSRCADR)?;
        let destination = StoredAddress::new(message.destination).ok_or(CommandStatus::ESME_RINVDSTADR)?;
        let digits = destination.digits();
        let digits = digits.strip_prefix(b"+").unwrap_or(digits);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(CommandStatus::ESME_RINVDSTADR);
        }
        let mut incoming = Self {
            source,
            destination,
            place: sar_place(message),
            shift: NationalShift::default(),
            data_coding: message.data_coding,
            body: message.payload(),
            registered_delivery: message.registered_delivery,
        };
        if message.has_udh() {
            let (header, body) =
                gsm_text::split_udh(incoming.body).map_err(|_| CommandStatus::ESME_RINVESMCLASS)?;
            incoming.place = header.concatenation().or(incoming.place);
            incoming.shift = header.national_shift();
            incoming.body = body;
        }
        Ok(incoming)
    }

    /// The number of this part and how many there are.
    pub(crate) fn part(&self) -> (u8, u8) {
        self.place.map_or((1, 1), |place| (place.number, place.total))
    }

    /// Tells a repeat from another message: covers destination, text and place, and not the reference, which a
    /// sender may choose anew when it tries again.
    pub(crate) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.destination.digits(), self.part(), self.data_coding, self.body).hash(&mut hasher);
        hasher.finish()
    }
}

/// The place that the `sar_*` parameters tell; all three must be there.
fn sar_place(message: &ShortMessage<'_>) -> Option<Concatenated> {
    if message.tlvs.is_empty() {
        return None;
    }
    Some(Concatenated {
        reference: message.tlvs.sar_msg_ref_num()?,
        total: message.tlvs.sar_total_segments()?,
        number: message.tlvs.sar_segment_seqnum()?,
        wide: true,
    })
}
