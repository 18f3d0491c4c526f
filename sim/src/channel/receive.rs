//! What carriers send by themselves: receipts and messages from phones. Both are acknowledged when the
//! core has them on disk; what was not acknowledged is sent again.

use std::sync::Arc;

use ports::channel::ChannelEvent;
use types::address::Address;
use types::message::OctetContent;
use types::receipt::InboundNotice;

use super::SimChannel;
use crate::ground::Happening;

/// How long a carrier waits before it sends again what was not acknowledged, milliseconds.
const AGAIN_MS: u64 = 20_000;

impl SimChannel {
    /// The link over which something comes in, if one is up: its place and how often it came up.
    fn link_in(&self) -> Option<(usize, u64)> {
        let state = self.state();
        let up: Vec<_> = state.links.iter().enumerate().filter(|(_, link)| link.is_up).collect();
        let place = self.ground.draw(|chance| chance.below(u64::try_from(up.len()).unwrap_or(0)));
        let (place, link) = up.get(usize::try_from(place).unwrap_or(0))?;
        Some((*place, link.epoch))
    }

    fn is_still(&self, link: (usize, u64)) -> bool {
        let state = self.state();
        state.links.get(link.0).is_some_and(|known| known.is_up && known.epoch == link.1)
    }

    /// The carrier tells a receipt. False when no link is up.
    pub(crate) fn receives(self: &Arc<Self>, serial: u64) -> bool {
        let Some(link) = self.link_in().filter(|_| self.vitals.is_alive()) else { return false };
        let Some(notice) = self.ground.carriers().notice(serial, self.ground.now()) else { return true };
        let me = Arc::clone(self);
        // Whatever happens now, it is told again until it is acknowledged.
        self.ground.after(AGAIN_MS, Happening::Receipt(serial));
        drop(self.runtime.spawn(async move {
            me.sink.tell(me.id, vec![ChannelEvent::Receipt(notice)]).await;
            if me.is_still(link) && me.vitals.acts() {
                let disk = me.ground.disk();
                me.ground.carriers().acknowledged(serial);
                me.ground.oracle().receipt_acknowledged(&disk.tables, serial, me.ground.now());
            }
        }));
        true
    }

    /// A phone writes. False when no link is up.
    pub(crate) fn phone_writes(self: &Arc<Self>, serial: u64, notice: InboundNotice) -> bool {
        let Some(link) = self.link_in().filter(|_| self.vitals.is_alive()) else { return false };
        let me = Arc::clone(self);
        self.ground.after(AGAIN_MS, Happening::Inbound(serial));
        drop(self.runtime.spawn(async move {
            let read_at = notice.read_at;
            me.sink.tell(me.id, vec![ChannelEvent::Inbound(notice)]).await;
            if me.is_still(link) && me.vitals.acts() {
                let disk = me.ground.disk();
                me.ground.oracle().inbound_acknowledged(&disk.tables, serial, me.id, read_at);
            }
        }));
        true
    }
}

/// A message from a phone.
pub(crate) fn inbound(source: Address, serial: u64, read_at: types::time::Timestamp) -> InboundNotice {
    let payload = format!("answer {serial}").into_bytes();
    let content = OctetContent { payload, ..OctetContent::default() };
    InboundNotice { source, destination: Address::from_text("447000000000"), content, read_at }
}
