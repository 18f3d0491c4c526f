//! The options of a connector of type `smpp`, and what they come to.
//!
//! Reading them opens nothing but the files that they name. Start at [`Settings::read`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gsm_text::Alphabet;
use ports::channel::{Capabilities, CarrierAlphabet, Joining};
use rustls::ClientConfig;
use serde::Deserialize;
use serde_json::Value;
use smpp::Tag;
use smpp::limits;
use smpp::message_id::IdNotation;
use types::Sensitive;
use types::address::Addressing;
use types::catalog::Connector;
use types::form::Manner;
use types::receipt::ReceiptState;

use crate::options::{self, ErrorTable, Secrets, secret, within};
use crate::tls::{Trust, client_config};

/// Most sessions of a connector.
pub(crate) const SESSIONS_MAX: u64 = 64;
/// Most unanswered PDUs of a session.
pub(crate) const WINDOW_MAX: u64 = 5_000;
/// The fastest pace that can be set, in messages per second.
const RATE_MAX: u64 = 1_000_000;
/// The longest timer that can be set, in milliseconds.
const TIMER_MS_MAX: u64 = 3_600_000;

/// Which binds a connector makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum BindOption {
    /// One bind for both directions.
    #[default]
    #[serde(rename = "transceiver")]
    Transceiver,
    /// Sends only.
    #[serde(rename = "transmitter")]
    Transmitter,
    /// Receives only.
    #[serde(rename = "receiver")]
    Receiver,
    /// Two binds per session.
    #[serde(rename = "transmitter+receiver")]
    Pair,
}

/// How the parts of a long message are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum JoiningOption {
    #[default]
    Udh8,
    Udh16,
    Sar,
    Payload,
}

/// What `data_coding` 0 means for the carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DefaultAlphabet {
    /// GSM 7-bit, unpacked.
    #[default]
    Gsm7,
    /// ISO-8859-1.
    Latin1,
    /// UCS-2.
    Ucs2,
}

impl DefaultAlphabet {
    /// What it means for the form of a message.
    const fn of_form(self) -> CarrierAlphabet {
        match self {
            Self::Gsm7 => CarrierAlphabet::Gsm7,
            Self::Latin1 => CarrierAlphabet::Latin1,
            Self::Ucs2 => CarrierAlphabet::Ucs2,
        }
    }

    /// The alphabet.
    pub(crate) const fn alphabet(self) -> Alphabet {
        match self {
            Self::Gsm7 => Alphabet::Gsm7,
            Self::Latin1 => Alphabet::Latin1,
            Self::Ucs2 => Alphabet::Ucs2,
        }
    }
}

/// How the id of a receipt becomes the id of the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReceiptId {
    #[default]
    AsIs,
    HexToDecimal,
    DecimalToHex,
}

/// The keys of the options, as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// The carrier's host name or IP address.
    host: String,
    /// Its port; 2775, or 3550 with TLS.
    port: Option<u16>,
    /// The name that the carrier gave; up to 15 characters.
    system_id: String,
    /// The password, `file:PATH` or `env:NAME`; up to 8 characters.
    password: String,
    /// `transceiver`, `transmitter`, `receiver` or `transmitter+receiver`.
    bind: BindOption,
    /// How many sessions are kept, 1 to 64; with `transmitter+receiver` each has two binds.
    sessions: Option<u64>,
    /// Unanswered PDUs per session, 1 to 5,000; 10 when not stated.
    window: Option<u64>,
    /// `true`, `false`, or a table with `ca`, `server_name` and `insecure`.
    tls: Value,
    /// The pace of the connector, in parts per second; 0 for none.
    rate: u64,
    /// Sent with the bind; up to 12 characters.
    system_type: String,
    /// Sent with every message; up to 5 characters.
    service_type: String,
    /// Sent with the bind; 52 (0x34) for SMPP 3.4 when not stated.
    interface_version: Option<u8>,
    /// Sent with the bind; up to 40 characters.
    address_range: String,
    /// Type of number of `address_range`.
    address_ton: u8,
    /// Numbering plan of `address_range`.
    address_npi: u8,
    /// Type of number of all senders that are not names.
    source_ton: Option<u8>,
    /// Numbering plan of all senders that are not names.
    source_npi: Option<u8>,
    /// Type of number of all recipients.
    destination_ton: Option<u8>,
    /// Numbering plan of all recipients.
    destination_npi: Option<u8>,
    /// Silence after which the link is probed; 30 s when not stated.
    enquire_link_s: Option<u64>,
    /// The same in milliseconds, for tests and simulators; it wins, as with the timers below.
    enquire_link_ms: Option<u64>,
    /// How long an answer may take before the outcome counts as unknown; 30 s when not stated.
    response_timeout_s: Option<u64>,
    /// The same in milliseconds.
    response_timeout_ms: Option<u64>,
    /// Silence, or time without any answer to submits, after which the link is closed; 60 s when not stated.
    dead_peer_s: Option<u64>,
    /// The same in milliseconds.
    dead_peer_ms: Option<u64>,
    /// How long connecting and the TLS handshake may take; 10,000 ms when not stated.
    connect_timeout_ms: Option<u64>,
    /// The first wait before another try, doubled up to 60 s; 1,000 ms when not stated.
    reconnect_ms: Option<u64>,
    /// The pause after a throttling answer; 1,000 ms when not stated.
    throttle_pause_ms: Option<u64>,
    /// How parts are joined: `udh8`, `udh16`, `sar` or `payload`.
    joining: JoiningOption,
    /// What `data_coding` 0 means for the carrier: `gsm7`, `latin1` or `ucs2`.
    default_alphabet: DefaultAlphabet,
    /// How the id of a receipt becomes that of the response: `as_is`, `hex_to_decimal` or `decimal_to_hex`.
    receipt_id: ReceiptId,
    /// The carrier's own words for states in receipts (`stat`) and ours; other words are read as the standard says.
    receipt_states: BTreeMap<String, String>,
    /// Whether the carrier can be asked by `query_sm` what became of a message that it took.
    query_sm: bool,
    /// Which receipts are asked for; 1 (all) when not stated, 0 for none.
    registered_delivery: Option<u8>,
    /// Vendor parameters that are passed on to the carrier and taken from it, by tag (0x1400 to 0x3FFF); none when not
    /// stated. An account must have them too.
    vendor_tlvs: Vec<u16>,
    /// Whether the carrier is a simulation, so that nobody real is reached.
    simulated: bool,
}

/// The table form of `tls`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TlsTable {
    /// A PEM file with the authorities that are trusted, and no others.
    ca: Option<String>,
    /// The name in the certificate; the host when not stated.
    server_name: Option<String>,
    /// Whether any certificate will do.
    insecure: bool,
}

/// TLS towards the carrier.
#[derive(Clone)]
pub(crate) struct Tls {
    /// The settings of the handshake.
    pub(crate) config: Arc<ClientConfig>,
    /// The name that the certificate must carry.
    pub(crate) server_name: rustls::pki_types::ServerName<'static>,
}

/// Times of a connector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Silence after which `enquire_link` is sent, in milliseconds.
    pub(crate) enquire_link_ms: u64,
    /// How long an answer may take, in milliseconds.
    pub(crate) response_timeout_ms: u64,
    /// Silence after which the link is given up, in milliseconds.
    pub(crate) dead_peer_ms: u64,
    /// How long connecting and the handshake of TLS may take.
    pub(crate) connect_timeout: Duration,
    /// The first wait before another try, in milliseconds.
    pub(crate) reconnect_ms: u64,
    /// The pause after a throttling answer, in microseconds.
    pub(crate) throttle_pause_us: u64,
}

/// What a session needs to know of its connector.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) system_id: String,
    pub(crate) password: Sensitive<String>,
    pub(crate) bind: BindOption,
    pub(crate) sessions: u32,
    pub(crate) window: u32,
    pub(crate) tls: Option<Tls>,
    pub(crate) rate: u32,
    pub(crate) system_type: String,
    pub(crate) service_type: String,
    pub(crate) interface_version: u8,
    pub(crate) address_range: types::address::Address,
    pub(crate) addressing: Addressing,
    pub(crate) timing: Timing,
    pub(crate) joining: Joining,
    pub(crate) default_alphabet: DefaultAlphabet,
    pub(crate) receipt_id: IdNotation,
    /// By the word in capitals.
    pub(crate) receipt_states: BTreeMap<String, ReceiptState>,
    pub(crate) query_sm: bool,
    pub(crate) registered_delivery: u8,
    /// Vendor parameters that pass in both directions.
    pub(crate) vendor_tags: Vec<Tag>,
    pub(crate) simulated: bool,
    pub(crate) errors: ErrorTable,
}

impl Settings {
    /// Reads and checks the options of a connector.
    ///
    /// # Errors
    /// A sentence that names the key and says what to write.
    pub(crate) fn read(connector: &Connector, secrets: &Secrets) -> Result<Self, String> {
        let o: Options = options::read(connector)?;
        check_texts(&o)?;
        let (sessions, window) = (o.sessions.unwrap_or(1), o.window.unwrap_or(10));
        within("sessions", sessions, 1, SESSIONS_MAX)?;
        within("window", window, 1, WINDOW_MAX)?;
        within("rate", o.rate, 0, RATE_MAX)?;
        let password = secret("password", &o.password, secrets)?;
        fits("password", password.expose(), limits::PASSWORD)?;
        let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Ok(Self {
            port: o.port.unwrap_or(if o.tls == Value::Null || o.tls == Value::Bool(false) {
                2775
            } else {
                3550
            }),
            tls: tls(&o)?,
            timing: timing(&o)?,
            password,
            bind: o.bind,
            sessions: small(sessions),
            window: small(window),
            rate: small(o.rate),
            interface_version: o.interface_version.unwrap_or(0x34),
            address_range: types::address::Address {
                ton: o.address_ton,
                npi: o.address_npi,
                octets: o.address_range.as_bytes().into(),
            },
            addressing: Addressing {
                source_ton: o.source_ton,
                source_npi: o.source_npi,
                destination_ton: o.destination_ton,
                destination_npi: o.destination_npi,
            },
            joining: match o.joining {
                JoiningOption::Udh8 => Joining::Udh8,
                JoiningOption::Udh16 => Joining::Udh16,
                JoiningOption::Sar => Joining::Sar,
                JoiningOption::Payload => Joining::Payload,
            },
            default_alphabet: o.default_alphabet,
            receipt_id: match o.receipt_id {
                ReceiptId::AsIs => IdNotation::Raw,
                ReceiptId::HexToDecimal => IdNotation::HexToDecimal,
                ReceiptId::DecimalToHex => IdNotation::DecimalToHex,
            },
            receipt_states: receipt_states(&o)?,
            query_sm: o.query_sm,
            registered_delivery: o.registered_delivery.unwrap_or(1),
            vendor_tags: vendor_tags(&o)?,
            simulated: o.simulated,
            errors: ErrorTable::read(connector)?,
            host: o.host,
            system_id: o.system_id,
            system_type: o.system_type,
            service_type: o.service_type,
        })
    }

    /// Whether an optional parameter passes: one of the specification, or one of a vendor that is listed.
    pub(crate) fn passes(&self, tag: Tag) -> bool {
        !tag.is_vendor_specific() || self.vendor_tags.contains(&tag)
    }

    /// What the channel can carry.
    pub(crate) fn capabilities(&self) -> Capabilities {
        Capabilities {
            manner: Manner { joining: self.joining, alphabet: self.default_alphabet.of_form(), octets: true },
            addressing: self.addressing,
            receipts: self.registered_delivery != 0,
            query: self.query_sm,
            real: !self.simulated,
        }
    }

    /// The binds that the connector keeps: command and number of the session.
    pub(crate) fn binds(&self) -> Vec<(smpp::CommandId, u32)> {
        use smpp::CommandId as Id;
        let commands: &[Id] = match self.bind {
            BindOption::Transceiver => &[Id::BIND_TRANSCEIVER],
            BindOption::Transmitter => &[Id::BIND_TRANSMITTER],
            BindOption::Receiver => &[Id::BIND_RECEIVER],
            BindOption::Pair => &[Id::BIND_TRANSMITTER, Id::BIND_RECEIVER],
        };
        (0..self.sessions)
            .flat_map(|session| commands.iter().map(move |command| (*command, session)))
            .collect()
    }
}

fn receipt_states(o: &Options) -> Result<BTreeMap<String, ReceiptState>, String> {
    let state = |(word, state): (&String, &String)| {
        let known = ReceiptState::parse(state).ok_or_else(|| {
            let names: Vec<_> = ReceiptState::ALL.iter().map(|state| state.as_str()).collect();
            format!("receipt_states.{word}: write one of {}", names.join(", "))
        })?;
        Ok((word.to_ascii_uppercase(), known))
    };
    o.receipt_states.iter().map(state).collect()
}

fn vendor_tags(o: &Options) -> Result<Vec<Tag>, String> {
    let tag = |number: &u16| {
        let tag = Tag(*number);
        if tag.is_vendor_specific() {
            Ok(tag)
        } else {
            Err(format!("vendor_tlvs: {number:#06x} is not a vendor's; write numbers from 0x1400 to 0x3FFF"))
        }
    };
    o.vendor_tlvs.iter().map(tag).collect()
}

fn check_texts(o: &Options) -> Result<(), String> {
    if o.host.is_empty() {
        return Err("host: write the carrier's host name or IP address".into());
    }
    if o.system_id.is_empty() {
        return Err("system_id: write the name that the carrier gave you".into());
    }
    fits("system_id", &o.system_id, limits::SYSTEM_ID)?;
    fits("system_type", &o.system_type, limits::SYSTEM_TYPE)?;
    fits("service_type", &o.service_type, limits::SERVICE_TYPE)?;
    fits("address_range", &o.address_range, limits::ADDRESS_RANGE)
}

fn fits(key: &str, text: &str, most: usize) -> Result<(), String> {
    if text.len() <= most && !text.contains('\0') {
        Ok(())
    } else {
        Err(format!("{key}: write at most {most} characters, which is what SMPP allows"))
    }
}

fn tls(o: &Options) -> Result<Option<Tls>, String> {
    let table = match &o.tls {
        Value::Null | Value::Bool(false) => return Ok(None),
        Value::Bool(true) => TlsTable::default(),
        Value::Object(_) => serde_json::from_value(o.tls.clone()).map_err(|error| format!("tls: {error}"))?,
        _ => return Err("tls: write true, false or a table with ca, server_name and insecure".into()),
    };
    let trust = match (table.insecure, table.ca) {
        (true, _) => Trust::Anybody,
        (false, Some(path)) => Trust::CaFile(path),
        (false, None) => Trust::Platform,
    };
    let config = client_config(&trust).map_err(|error| format!("tls.ca: {error}"))?;
    let name = table.server_name.unwrap_or_else(|| o.host.clone());
    let server_name = rustls::pki_types::ServerName::try_from(name)
        .map_err(|_| "tls.server_name: write a host name or an IP address".to_owned())?;
    Ok(Some(Tls { config: Arc::new(config), server_name }))
}

fn timing(o: &Options) -> Result<Timing, String> {
    let timer = |key: &str, seconds: Option<u64>, milliseconds: Option<u64>, default_s: u64| {
        let ms = milliseconds.unwrap_or_else(|| seconds.unwrap_or(default_s).saturating_mul(1_000));
        if (1..=TIMER_MS_MAX).contains(&ms) {
            Ok(ms)
        } else {
            Err(format!("{key}: write a number of seconds from 1 to {}", TIMER_MS_MAX / 1_000))
        }
    };
    Ok(Timing {
        enquire_link_ms: timer("enquire_link_s", o.enquire_link_s, o.enquire_link_ms, 30)?,
        response_timeout_ms: timer("response_timeout_s", o.response_timeout_s, o.response_timeout_ms, 30)?,
        dead_peer_ms: timer("dead_peer_s", o.dead_peer_s, o.dead_peer_ms, 60)?,
        connect_timeout: Duration::from_millis(timer("connect_timeout_ms", None, o.connect_timeout_ms, 10)?),
        reconnect_ms: timer("reconnect_ms", None, o.reconnect_ms, 1)?,
        throttle_pause_us: timer("throttle_pause_ms", None, o.throttle_pause_ms, 1)? * 1_000,
    })
}

#[cfg(test)]
pub(crate) mod tests;
