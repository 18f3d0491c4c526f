//! Made-up SMPP sessions.

use std::sync::Mutex;

use ports::sessions::{
    BindKind, Disclosure, SessionDesk, SessionView, Shown, TraceError, TracePage, TracedPdu,
};
use types::id::AccountId;
use types::time::Timestamp;

/// Session 7, a trace of it, and what was asked.
pub struct FakeSessions {
    now: Timestamp,
    pub closed: Mutex<Vec<u64>>,
    pub disclosed: Mutex<Vec<Disclosure>>,
}

impl FakeSessions {
    pub fn new(now: Timestamp) -> Self {
        Self { now, closed: Mutex::default(), disclosed: Mutex::default() }
    }
}

impl SessionDesk for FakeSessions {
    fn sessions(&self) -> Vec<SessionView> {
        vec![SessionView {
            number: 7,
            system_id: "<b>acme</b>".to_owned(),
            account: AccountId(1),
            account_name: "Acme".to_owned(),
            bind: BindKind::Transceiver,
            version: "3.4",
            peer: std::net::Ipv4Addr::new(192, 0, 2, 7).into(),
            is_tls: true,
            since: self.now.plus_ms(-3_700_000),
            submitted: 123_456,
            throttled: 3,
            delivered: 123_400,
            window_used: 4,
            delivery_window_used: 1,
            output_octets: 0,
        }]
    }

    fn close(&self, number: u64) -> bool {
        self.closed.lock().unwrap().push(number);
        number == 7
    }

    fn trace(&self, number: u64, _after: u64, shown: &Shown) -> Result<TracePage, TraceError> {
        if number != 7 {
            return Err(TraceError::NoSession);
        }
        let destination = match shown {
            Shown::Masked => "************",
            Shown::Clear(disclosure) if disclosure.reason.is_empty() => return Err(TraceError::NoReason),
            Shown::Clear(disclosure) => {
                self.disclosed.lock().unwrap().push(disclosure.clone());
                "447911123456"
            }
        };
        let pdu = |number: u64, is_inbound, name, status, fields: String| TracedPdu {
            number,
            at: self.now.plus_ms(-1_000),
            is_inbound,
            name,
            sequence: 2,
            status,
            fields,
            octets: vec![0; 16],
        };
        let pdus = vec![
            pdu(3, true, "submit_sm", "", format!("destination {destination} (1, 1), text \"<i>\"")),
            pdu(4, false, "submit_sm_resp", "ESME_ROK", "message_id \"01m80tza\"".to_owned()),
        ];
        Ok(TracePage { pdus, next: 4, lost: 2, is_over: false })
    }

    fn capture(&self, number: u64, _shown: &Shown) -> Result<Vec<u8>, TraceError> {
        if number == 7 { Ok(b"a capture".to_vec()) } else { Err(TraceError::NoSession) }
    }
}
