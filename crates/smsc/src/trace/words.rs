//! The fields of a PDU in words, for people. What was hidden before stays hidden here.
//!
//! It knows the fields that one looks for when a session misbehaves, and names the others by their octets alone.

use std::fmt::Write as _;

use smpp::{
    Address, Destination, FrameCutter, MessageResp, Pdu, ShortMessage, Strictness, SubmitMultiResp, Tag, Tlvs,
};

/// Letters of a text or an address that are shown; a trace is no archive.
const LETTERS_MAX: usize = 200;

/// The fields of a whole PDU. Empty when it has none that are known.
pub(super) fn fields(octets: &[u8]) -> String {
    let mut cutter = FrameCutter::default();
    cutter.extend(octets);
    let Ok(Some(frame)) = cutter.next_frame() else { return "not a PDU".to_owned() };
    let Ok(pdu) = Pdu::decode(&frame.header, frame.body, Strictness::Tolerant) else {
        return format!("body of {} octets that cannot be read", frame.body.len());
    };
    let mut words = Words(String::new());
    words.pdu(&pdu);
    words.0
}

struct Words(String);

impl Words {
    fn pdu(&mut self, pdu: &Pdu<'_>) {
        match pdu {
            Pdu::BindReceiver(bind) | Pdu::BindTransmitter(bind) | Pdu::BindTransceiver(bind) => {
                self.text("system_id", bind.system_id);
                self.text("system_type", bind.system_type);
                self.say("interface_version", format_args!("{:#04x}", bind.interface_version));
                self.address("address_range", &bind.address_range);
            }
            Pdu::BindReceiverResp(resp) | Pdu::BindTransmitterResp(resp) | Pdu::BindTransceiverResp(resp) => {
                self.text("system_id", resp.system_id);
                self.parameters(&resp.tlvs);
            }
            Pdu::Outbind(outbind) => self.text("system_id", outbind.system_id),
            Pdu::SubmitSm(message) | Pdu::DeliverSm(message) => self.message(message),
            Pdu::SubmitMulti(multi) => {
                for destination in multi.destinations.iter() {
                    match destination {
                        Destination::Address(address) => self.address("destination", &address),
                        Destination::DistributionList(name) => self.text("list", name),
                    }
                }
                self.message(&multi.message);
            }
            Pdu::DataSm(data) => self.message(&data.as_short_message()),
            Pdu::SubmitSmResp(resp) | Pdu::DeliverSmResp(resp) | Pdu::DataSmResp(resp) => self.response(resp),
            Pdu::SubmitMultiResp(resp) => self.multi_response(resp),
            _ => self.management(pdu),
        }
    }

    fn management(&mut self, pdu: &Pdu<'_>) {
        match pdu {
            Pdu::QuerySm(query) => {
                self.text("message_id", query.message_id);
                self.address("source", &query.source);
            }
            Pdu::QuerySmResp(resp) => {
                self.text("message_id", resp.message_id);
                self.text("final_date", resp.final_date);
                self.say("message_state", format_args!("{}", resp.message_state));
                self.say("error_code", format_args!("{}", resp.error_code));
            }
            Pdu::CancelSm(cancel) => {
                self.text("service_type", cancel.service_type);
                self.text("message_id", cancel.message_id);
                self.address("source", &cancel.source);
                self.address("destination", &cancel.destination);
            }
            Pdu::ReplaceSm(replace) => {
                self.text("message_id", replace.message_id);
                self.address("source", &replace.source);
                self.text("schedule_delivery_time", replace.schedule_delivery_time);
                self.text("validity_period", replace.validity_period);
                self.say("registered_delivery", format_args!("{:#04x}", replace.registered_delivery));
                self.text("text", replace.short_message);
                self.parameters(&replace.tlvs);
            }
            Pdu::AlertNotification(alert) => {
                self.address("source", &alert.source);
                self.address("esme", &alert.esme);
                self.parameters(&alert.tlvs);
            }
            Pdu::Unknown(unknown) => self.say("body", format_args!("{} octets", unknown.body.len())),
            _ => {}
        }
    }

    fn message(&mut self, message: &ShortMessage<'_>) {
        self.text("service_type", message.service_type);
        self.address("source", &message.source);
        self.address("destination", &message.destination);
        self.say("esm_class", format_args!("{:#04x}", message.esm_class));
        self.number("protocol_id", message.protocol_id);
        self.number("priority_flag", message.priority_flag);
        self.text("schedule_delivery_time", message.schedule_delivery_time);
        self.text("validity_period", message.validity_period);
        self.say("registered_delivery", format_args!("{:#04x}", message.registered_delivery));
        self.number("replace_if_present_flag", message.replace_if_present);
        self.say("data_coding", format_args!("{}", message.data_coding));
        self.say("sm_length", format_args!("{}", message.short_message.len()));
        let (header, text) = message.split_udh().unwrap_or((&[], message.payload()));
        if !header.is_empty() {
            self.octets("header", header);
        }
        self.text("text", text);
        self.parameters(&message.tlvs);
    }

    fn response(&mut self, resp: &MessageResp<'_>) {
        self.text("message_id", resp.message_id);
        self.parameters(&resp.tlvs);
    }

    fn multi_response(&mut self, resp: &SubmitMultiResp<'_>) {
        self.text("message_id", resp.message_id);
        for refused in resp.unsuccess.iter() {
            self.address("refused", &refused.destination);
            self.say("with", format_args!("{}", refused.status.name()));
        }
        self.parameters(&resp.tlvs);
    }

    fn parameters(&mut self, tlvs: &Tlvs<'_>) {
        for tlv in tlvs.iter().filter(|tlv| tlv.tag != Tag::MESSAGE_PAYLOAD) {
            let name = tlv.tag.to_string();
            let is_word = !tlv.value.is_empty() && tlv.value.len() > 4;
            if is_word { self.text(&name, tlv.value) } else { self.octets(&name, tlv.value) }
        }
    }

    fn address(&mut self, name: &str, address: &Address<'_>) {
        if *address != Address::EMPTY {
            let digits = printable(address.digits);
            self.say(name, format_args!("{digits} ({}, {})", address.ton, address.npi));
        }
    }

    /// A number that is only worth a word when it is not zero.
    fn number(&mut self, name: &str, value: u8) {
        if value != 0 {
            self.say(name, format_args!("{value}"));
        }
    }

    fn text(&mut self, name: &str, octets: &[u8]) {
        if !octets.is_empty() {
            let text = printable(octets);
            self.say(name, format_args!("\"{text}\""));
        }
    }

    fn octets(&mut self, name: &str, octets: &[u8]) {
        let mut hexadecimal = String::new();
        for octet in octets.iter().take(LETTERS_MAX) {
            write(&mut hexadecimal, format_args!("{octet:02x}"));
        }
        self.say(name, format_args!("{hexadecimal}"));
    }

    fn say(&mut self, name: &str, value: std::fmt::Arguments<'_>) {
        if !self.0.is_empty() {
            self.0.push_str(", ");
        }
        write(&mut self.0, format_args!("{name} {value}"));
    }
}

fn write(text: &mut String, value: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _written: std::fmt::Result = text.write_fmt(value);
}

/// Octets as visible ASCII, others as a point.
fn printable(octets: &[u8]) -> String {
    let shown = octets.iter().take(LETTERS_MAX);
    shown.map(|octet| if (0x20..0x7F).contains(octet) { char::from(*octet) } else { '.' }).collect()
}
