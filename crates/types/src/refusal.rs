//! Refusals: lawful answers of "no", each with a stable code and a page under `docs/errors`.
//!
//! A refusal costs nothing and leaves nothing behind. Doors map codes to their protocol's errors.

macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $title:literal;)+) => {
        /// Why something was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $($(#[$doc])* $variant,)+
        }

        impl RefusalCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable code, as in the page's file name.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// One line for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

refusal_codes! {
    /// The request is not of the documented shape.
    InvalidRequest = "invalid_request", "The request is not of the documented shape";
    /// The recipient cannot be a phone number.
    InvalidDestination = "invalid_destination", "The recipient cannot be a phone number";
    /// The sender is empty, too long or has characters that no network carries.
    InvalidSender = "invalid_sender", "The sender cannot be used";
    /// The text is empty.
    EmptyText = "empty_text", "The text is empty";
    /// The text needs more parts than a phone can join.
    TextTooLong = "text_too_long", "The text is too long";
    /// The coding of the text is not known, or its header cannot be read.
    InvalidCoding = "invalid_coding", "The coding of the text cannot be read";
    /// The text's placeholders cannot be read, or ask for parameters that are not there.
    InvalidTemplate = "invalid_template", "The text and its parameters do not fit together";
    /// More recipients than one submission may have.
    TooManyRecipients = "too_many_recipients", "The submission has too many recipients";
    /// The validity ends before the message could be sent.
    ExpiredValidity = "expired_validity", "The validity has already ended";
    /// The time to send at is too far away or in the past.
    InvalidSchedule = "invalid_schedule", "The time to send at cannot be used";
    /// The key, secret, system id or password is wrong.
    InvalidCredentials = "invalid_credentials", "The credentials are not valid";
    /// The caller lacks the permission.
    Forbidden = "forbidden", "The caller may not do this";
    /// The account is suspended or closed.
    AccountSuspended = "account_suspended", "The account may not send";
    /// No price is published for this destination.
    NoPrice = "no_price", "There is no price for this destination";
    /// No route leads to this destination.
    NoRoute = "no_route", "There is no route to this destination";
    /// The route would lead back to where the message came from.
    RouteLoop = "route_loop", "The route leads back to where the message came from";
    /// The balance does not cover the price.
    InsufficientBalance = "insufficient_balance", "The balance is too low";
    /// The account sends faster than it may.
    RateLimited = "rate_limited", "Too many requests";
    /// As much waits to be sent as may; what was accepted before is kept.
    QueueFull = "queue_full", "Too much waits to be sent";
    /// The same text went to the same number a moment ago.
    RepeatedMessage = "repeated_message", "The same text was just sent to this number";
    /// The recipient is on the account's suppression list.
    RecipientSuppressed = "recipient_suppressed", "The recipient does not want messages of this account";
    /// The sender is none that the account may use there: the operator wants senders approved first.
    SenderNotApproved = "sender_not_approved", "The sender is not approved for this destination";
    /// No sender of the pool that the message names can be used for its recipient.
    NoSenderLeft = "no_sender_left", "No sender of the pool can be used for this recipient";
    /// The text is from no template that the operator has approved, where it wants texts approved.
    TemplateNotApproved = "template_not_approved", "The text is from no approved template";
    /// The text needs a signature, and none can be put.
    SignatureRequired = "signature_required", "The text needs an approved signature";
    /// The idempotency key was used with another body.
    IdempotencyMismatch = "idempotency_mismatch", "The idempotency key belongs to another request";
    /// The first request with this idempotency key is still being worked on.
    IdempotencyInFlight = "idempotency_in_flight", "The first request with this key is not finished";
    /// Nothing by this id is visible to the caller.
    NotFound = "not_found", "There is nothing by this id";
    /// The message can no longer be withdrawn or changed.
    TooLate = "too_late", "The message can no longer be changed";
    /// The message has not ended.
    TooEarly = "too_early", "The message has not ended yet";
    /// What is there already stands against the request.
    Conflict = "conflict", "What is there stands against it";
    /// As many are there as may be.
    LimitReached = "limit_reached", "No more of these may be made";
    /// The body is larger than allowed.
    BodyTooLarge = "body_too_large", "The body is too large";
    /// The method is not one that this address knows.
    MethodNotAllowed = "method_not_allowed", "This address does not know the method";
    /// The body is not of a media type that this address reads.
    UnsupportedMediaType = "unsupported_media_type", "The media type is not read here";
    /// The installation cannot take messages now; nothing was accepted.
    Unavailable = "unavailable", "The service cannot take this now";
    /// This part of the product does not exist yet.
    NotBuilt = "not_built", "This is not built yet";
    /// A configuration document cannot be used.
    InvalidConfiguration = "invalid_configuration", "The configuration cannot be used";
}

/// A refusal: its code, what was wrong in words, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// What was wrong and what to do, without personal data.
    pub detail: String,
    /// The field that it is about, as the caller wrote it, e.g. `recipients[3].to`.
    pub field: Option<String>,
    /// Seconds after which the same request may be taken.
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    /// A refusal without a field.
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), field: None, retry_after_s: None }
    }

    /// Names the field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.code(), self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::RefusalCode;

    #[test]
    fn codes_are_unique_and_speak_snake_case() {
        let mut codes: Vec<_> = RefusalCode::ALL.iter().map(|c| c.code()).collect();
        assert!(codes.iter().all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RefusalCode::ALL.len());
    }
}
