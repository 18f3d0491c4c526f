//! Binds of customers that receive: they take events, put some off, refuse some, and come and go.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use app::report::{BindSink, Report, ReportResult, Told};
use types::id::{EndpointId, RowKey};

use crate::ground::{Ground, Happening};
use crate::vitals::Vitals;

#[derive(Default)]
struct State {
    offered: BTreeSet<RowKey>,
    closed: bool,
}

/// One bind.
pub(crate) struct SimBind {
    ground: Arc<Ground>,
    pub(crate) vitals: Arc<Vitals>,
    endpoint: EndpointId,
    window: usize,
    me: Weak<Self>,
    state: Mutex<State>,
}

impl SimBind {
    pub(crate) fn new(
        ground: Arc<Ground>,
        vitals: Arc<Vitals>,
        endpoint: EndpointId,
        window: usize,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            ground,
            vitals,
            endpoint,
            window,
            me: Weak::clone(me),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The customer's answer to an event.
    pub(crate) fn answer(&self, event: RowKey) -> Option<ReportResult> {
        if !self.state().offered.remove(&event) {
            return None;
        }
        let told = self.ground.draw(|chance| {
            chance.draw(&[(93, Told::Done), (5, Told::Later), (2, Told::Refused)], Told::Done)
        });
        match told {
            Told::Done => self.ground.oracle().event_taken(event),
            Told::Refused => self.ground.oracle().event_failed(event, true),
            Told::Later => {}
        }
        Some(ReportResult { event, told })
    }

    /// The bind goes: what it has not answered is to be told again.
    pub(crate) fn close(&self) -> Vec<ReportResult> {
        let mut state = self.state();
        state.closed = true;
        let offered = std::mem::take(&mut state.offered);
        offered.into_iter().map(|event| ReportResult { event, told: Told::Later }).collect()
    }
}

impl BindSink for SimBind {
    fn offer(&self, report: Arc<Report>) -> Result<(), Arc<Report>> {
        let Some(me) = self.me.upgrade() else { return Err(report) };
        if self.vitals.is_ghost() || !self.vitals.acts() {
            return Err(report);
        }
        let event = report.id.key();
        {
            let mut state = self.state();
            if state.closed || state.offered.len() >= self.window {
                return Err(report);
            }
            state.offered.insert(event);
        }
        let disk = self.ground.disk();
        self.ground.oracle().event_leaves(&disk.tables, self.endpoint, event, self.ground.now());
        drop(disk);
        let wait_ms = self.ground.draw(|chance| chance.between(1, 4_000));
        self.ground.after(wait_ms, Happening::BindAnswers(me, event));
        Ok(())
    }
}
