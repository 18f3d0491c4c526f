//! A request body that must keep a pace: some grace, and then a least number of octets per second.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Duration, Instant, Sleep, sleep_until};

/// Why a body broke off.
#[derive(Debug)]
pub(super) enum PaceError {
    /// It came too slowly.
    TooSlow,
    /// The connection or its framing failed.
    Broken(hyper::Error),
}

impl std::fmt::Display for PaceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooSlow => "the body came too slowly",
            Self::Broken(_) => "the body broke off",
        })
    }
}

impl std::error::Error for PaceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooSlow => None,
            Self::Broken(error) => Some(error),
        }
    }
}

/// Gives up on a body that falls behind.
pub(super) struct PacedBody<B> {
    inner: B,
    grace: Duration,
    octets_per_second_min: u64,
    received: u64,
    started_at: Option<Instant>,
    // Made by the first wait: most bodies come together with their headers.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<B> PacedBody<B> {
    pub(super) fn new(inner: B, grace: Duration, octets_per_second_min: u64) -> Self {
        let octets_per_second_min = octets_per_second_min.max(1);
        Self { inner, grace, octets_per_second_min, received: 0, started_at: None, alarm: None }
    }

    /// When the next octets must be here.
    fn deadline(&mut self) -> Instant {
        let started_at = *self.started_at.get_or_insert_with(Instant::now);
        let earned_ms = self.received.saturating_mul(1_000) / self.octets_per_second_min;
        started_at + self.grace + Duration::from_millis(earned_ms)
    }
}

impl<B> Body for PacedBody<B>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    type Data = Bytes;
    type Error = PaceError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PaceError>>> {
        let body = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut body.inner).poll_frame(context) {
            if let Some(Ok(frame)) = &frame {
                let octets = frame.data_ref().map_or(0, Bytes::len);
                body.received = body.received.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(PaceError::Broken)));
        }
        let deadline = body.deadline();
        let alarm = body.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Some(Err(PaceError::TooSlow)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
