//! Delivers reports and inbound messages, and tells the core how that went.
//!
//! A report that the session has taken is always settled: by the customer's answer, by a timeout, or as `Later`
//! when the session ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use app::report::{ReportResult, Told};
use smpp::CommandStatus;
use smpp::session::InsertError;
use types::id::RowKey;

use super::{Phase, Session};
use crate::deliver::{Terms, write_report};
use crate::status::told_of;

impl Session {
    /// Whether reports are written now.
    pub(super) fn may_write_reports(&self) -> bool {
        self.phase == Phase::Running && self.state.can_receive() && self.link.has_room()
    }

    /// Writes the reports that the core has offered.
    pub(super) fn take_reports(&mut self) {
        if !self.may_write_reports() {
            return;
        }
        self.outbox.take_reports(&mut self.reports);
        while self.may_write_reports()
            && let Some(report) = self.reports.pop_front()
        {
            let event = report.id.key();
            let sequence = self.next_sequence();
            let Some(bound) = &self.bound else {
                self.settle_report(event, Told::Later);
                continue;
            };
            let account = Some(bound.account.0);
            let vendor_tags = Arc::clone(&bound.vendor_tags);
            let terms = Terms { optional: bound.version.optional(), vendor_tags };
            let (output, scratch) = (self.link.output(), &mut self.scratch);
            let length = output.len();
            // A report that crashes its writer twice is a dead letter, and the bind goes on.
            let written = (0..2).find_map(|_| {
                output.truncate(length);
                let write = || write_report(&report, &terms, sequence, scratch, output);
                catch_unwind(AssertUnwindSafe(write)).ok()
            });
            match written {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    tracing::warn!(account, %error, "smpp report cannot be written");
                    self.settle_report(event, Told::Refused);
                    continue;
                }
                None => {
                    tracing::error!(account, "writing an smpp report crashed twice");
                    self.link.output().truncate(length);
                    self.settle_report(event, Told::Refused);
                    continue;
                }
            }
            if let Some(bound) = &self.bound {
                bound.ticket.counters.delivered.fetch_add(1, Ordering::Relaxed);
            }
            match self.window.insert(sequence, event, self.now_ms) {
                Ok(()) => {}
                // The outbox takes no more than the window holds and the number is free, so this is out of
                // reach; an answer would find no request, hence the report is told again.
                Err(InsertError::Full(event) | InsertError::Duplicate(event)) => {
                    self.settle_report(event, Told::Later);
                }
            }
        }
    }

    /// The customer has not understood a request. That is never a yes, whatever the status says.
    pub(super) fn take_nack(&mut self, sequence: u32, status: CommandStatus) {
        let status = if status.is_ok() { CommandStatus::ESME_RUNKNOWNERR } else { status };
        self.take_report_answer(sequence, status);
    }

    /// The customer has answered a `deliver_sm`. Answers to nothing are ignored.
    pub(super) fn take_report_answer(&mut self, sequence: u32, status: CommandStatus) {
        if let Some((event, _)) = self.window.take(sequence) {
            self.settle_report(event, told_of(status));
        }
    }

    pub(super) fn settle_report(&mut self, event: RowKey, told: Told) {
        self.results.push(ReportResult { event, told });
    }

    /// Tells the core what was settled in this turn of the loop.
    pub(super) fn hand_over_results(&mut self) {
        if self.results.is_empty() {
            return;
        }
        let results = std::mem::take(&mut self.results);
        let has_room_again = self.outbox.settle_reports(results.len());
        self.house.desk.report_done(results);
        if has_room_again && let Some(bound) = &self.bound {
            self.house.desk.bind_ready(bound.account);
        }
    }

    /// Takes no more reports; those that were not written go back.
    pub(super) fn stop_reports(&mut self) {
        if let Some(bound) = &mut self.bound {
            drop(bound.attachment.take());
        }
        self.reports.append(&mut self.outbox.close_for_reports());
        for report in std::mem::take(&mut self.reports) {
            self.settle_report(report.id.key(), Told::Later);
        }
    }

    /// Gives back the reports that were written: no answer to them can come any more.
    pub(super) fn give_up_answers(&mut self) {
        for (_, event) in self.window.drain() {
            self.settle_report(event, Told::Later);
        }
    }

    /// Gives back everything that was not settled: the link is gone.
    pub(super) fn give_back_reports(&mut self) {
        self.stop_reports();
        self.give_up_answers();
        self.hand_over_results();
    }
}
