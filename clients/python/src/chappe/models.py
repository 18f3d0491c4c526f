"""What requests and answers of the API are made of.

Generated from the OpenAPI document by `cargo xtask client`; a change here is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Dict, List, Optional, Union


@dataclass(frozen=True)
class AcceptedBody:
    """A submission that is on stable storage."""

    #: Its id.
    submission_id: str

    #: The messages, in the order of the recipients.
    messages: List[AcceptedItem]

    #: How many contacts of the group were left out because they are on the suppression list; only where a
    #: group was named.
    left_out: Optional[int] = None


@dataclass(frozen=True)
class AcceptedItem:
    """One message that was taken."""

    #: Its id.
    id: str

    #: The recipient, as you wrote it.
    to: str

    #: `queued`, or `scheduled` for later.
    state: str

    #: Parts charged.
    parts: int

    #: What it costs.
    price: Amount

    clock: Optional[ClockView] = None

    #: Not before, if it is scheduled.
    send_at: Optional[datetime] = None


@dataclass(frozen=True)
class AccountItem:
    """An account below the caller's."""

    #: Its id.
    id: str

    #: Its name.
    name: str

    #: `active`, `suspended` or `closed`.
    state: str

    #: The state in which it acts: its own, or that of an account above it where that stops it.
    acts_as: str

    #: What it can spend, as a decimal string.
    balance: str

    #: Held for messages on their way, as a decimal string.
    held: str

    #: What it pays in.
    unit: str

    #: What it may do at once.
    limits: AccountLimitsView

    #: When it was made.
    created_at: datetime

    #: The id of the account above it.
    parent: Optional[str] = None


@dataclass(frozen=True)
class AccountLimitsView:
    """Limits of an account; null where there is none."""

    #: SMPP sessions at once.
    binds: Optional[int] = None

    #: Messages per second over all doors.
    messages_per_second: Optional[int] = None

    #: Unanswered PDUs of one SMPP session.
    window: Optional[int] = None


@dataclass(frozen=True)
class AccountPage:
    """A page of accounts, oldest first."""

    #: The accounts.
    items: List[AccountItem]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class Alert:
    """One alert of a group."""

    #: `firing` or `resolved`.
    status: str

    #: What is said of it; `summary` is what is sent, and `description` when there is none.
    annotations: Optional[Dict[str, str]] = None

    #: Names its labels.
    fingerprint: Optional[str] = None

    #: What it is about; `alertname` is its name.
    labels: Optional[Dict[str, str]] = None

    #: Since when.
    starts_at: Optional[str] = field(default=None, metadata={"name": "startsAt"})


@dataclass(frozen=True)
class AlertGroup:
    """A group of alerts, as Alertmanager tells it in version 4 and Grafana in its own. Members that are not
    listed here are allowed and not looked at.
    """

    #: Which group it is.
    group_key: str = field(metadata={"name": "groupKey"})

    #: `firing`, or `resolved` when none of its alerts is firing.
    status: str

    #: The alerts.
    alerts: List[Alert]

    #: What its alerts were grouped by.
    group_labels: Optional[Dict[str, str]] = field(default=None, metadata={"name": "groupLabels"})

    #: Alerts of the group that are not in the document.
    truncated_alerts: Optional[int] = field(default=None, metadata={"name": "truncatedAlerts"})

    #: The form of the document; Alertmanager's must be `4`.
    version: Optional[str] = None


@dataclass(frozen=True)
class AlertQuote:
    """What telling of a group of alerts would cost."""

    #: Always true: nothing was sent.
    dry_run: bool

    #: The text that would be sent.
    text: str

    #: The messages, in the order of the recipients.
    messages: List[QuoteItem]


@dataclass(frozen=True)
class AlertSent:
    """A group of alerts that is on stable storage as messages."""

    #: The submission's id.
    submission_id: str

    #: The text that was written.
    text: str

    #: The messages, in the order of the recipients.
    messages: List[AcceptedItem]


@dataclass(frozen=True)
class AlertmanagerGroup:
    """A group of alerts, as Alertmanager tells it in version 4 and Grafana in its own. Members that are not
    listed here are allowed and not looked at.
    """

    #: Which group it is.
    group_key: str = field(metadata={"name": "groupKey"})

    #: `firing`, or `resolved` when none of its alerts is firing.
    status: str

    #: The alerts.
    alerts: List[Alert]

    #: The form of the document.
    version: str

    #: What its alerts were grouped by.
    group_labels: Optional[Dict[str, str]] = field(default=None, metadata={"name": "groupLabels"})

    #: Alerts of the group that are not in the document.
    truncated_alerts: Optional[int] = field(default=None, metadata={"name": "truncatedAlerts"})


@dataclass(frozen=True)
class Amount:
    """An amount with its unit."""

    #: A decimal string with two to six decimals.
    amount: str

    #: A currency (ISO 4217) or a credit unit of the operator.
    unit: str


@dataclass(frozen=True)
class AnswerView:
    """A carrier's answer to one part."""

    #: The part, counted from one.
    part: int

    #: What it meant: `accepted`, `throttled`, `transient`, `permanent`, `reroute` or `unknown`.
    verdict: str

    #: The carrier's status, raw; zero for success or when none came.
    status: int

    #: When it was read.
    answered_at: datetime


@dataclass(frozen=True)
class AttemptView:
    """One attempt to hand a message to a carrier."""

    #: Counted from one.
    number: int

    #: What the attempt before met; `none` for the first.
    trigger: str

    #: When it was recorded, before anything was sent.
    started_at: datetime

    #: Parts sent.
    parts: int

    #: What the carrier answered to each part.
    answers: List[AnswerView]

    #: Receipts.
    receipts: List[ReceiptView]


@dataclass(frozen=True)
class BalanceView:
    """What an account can spend."""

    #: Neither held nor spent, as a decimal string.
    balance: str

    #: A currency (ISO 4217) or a credit unit of the operator.
    unit: str

    #: Held for messages on their way, as a decimal string.
    held: str


@dataclass(frozen=True)
class BecauseView:
    """One sentence of an explanation."""

    #: When.
    at: datetime

    #: `admission`, `price`, `route`, `attempt`, `answer`, `receipt`, `charge`, `end` or `report`.
    stage: str

    #: The sentence.
    text: str

    #: What it was decided from.
    facts: List[FactView]


@dataclass(frozen=True)
class ClockView:
    """What the clock where a recipient is had to do with the time of a message."""

    #: The zones in which the recipient may be; where there are several, quiet hours and local times hold in
    #: all.
    time_zones: List[str]

    #: Where they come from: `number`, its leading digits; `stated`, the contact; or `unknown`, then UTC
    #: stands in.
    time_zones_by: str

    #: The version of the table of zones.
    table_version: str

    #: When the message was due without quiet hours.
    due_at: datetime

    #: Whose quiet hours it fell into: those of the `operator`, the `account` or the `message`; null for
    #: none.
    quiet_by: Optional[str] = None

    quiet_hours: Optional[QuietHoursBody] = None


@dataclass(frozen=True)
class ContactChange:
    """What to change of a contact; what is not there stays."""

    #: All attributes from now on.
    attributes: Optional[Dict[str, str]] = None

    #: Another language; empty for none.
    language: Optional[str] = None

    #: Another name; empty for none.
    name: Optional[str] = None

    #: Another number, in any notation.
    number: Optional[str] = None

    #: Another time zone; empty for none.
    time_zone: Optional[str] = None


@dataclass(frozen=True)
class ContactImport:
    """Contacts to keep, new ones and known ones."""

    #: A table as spreadsheets write it: its first line names the columns, one of them `number`, others
    #: `name`, `language` and `time_zone`; every other column is an attribute. At most 500 lines of
    #: contacts.
    csv: str

    #: The id of a group to put all of them into.
    group: Optional[str] = None


@dataclass(frozen=True)
class ContactItem:
    """A person whom the account writes to."""

    #: Its id.
    id: str

    #: The number, country code first.
    number: str

    #: What you call the person; empty for nothing.
    name: str

    #: What you know besides, by name.
    attributes: Dict[str, str]

    #: The ids of the groups that it is in.
    groups: List[str]

    #: Since when it is there.
    created_at: datetime

    #: When it was changed last.
    changed_at: datetime

    #: The language that the person reads; null when it is not known.
    language: Optional[str] = None

    #: Why messages to the number are refused, when it is on the suppression list; null otherwise.
    suppressed: Optional[str] = None

    #: The time zone in which the person lives; null when it is not known.
    time_zone: Optional[str] = None


@dataclass(frozen=True)
class ContactPage:
    """A page of contacts, newest first."""

    #: The contacts.
    items: List[ContactItem]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class ContactsImported:
    """What became of the contacts."""

    #: How many are new.
    added: int

    #: How many were there and have changed.
    changed: int


@dataclass(frozen=True)
class DefaultWebhook:
    """The address that is set now."""

    default: Optional[WebhookView] = None


@dataclass(frozen=True)
class DefaultWebhookBody:
    """The address to set."""

    #: The address; null for none.
    url: Optional[str]

    #: `webhook` (when absent), or a dialect that tells in its own way.
    kind: Optional[str] = None


@dataclass(frozen=True)
class Delivery:
    """An event at a webhook."""

    #: Its id: the `webhook-id` of its calls.
    id: str

    #: What it tells.
    type: str

    #: `waiting` to be told, `told`, `dead` (given up), or `moot` (nothing to tell).
    status: str

    #: Calls that were not taken so far.
    failed_tries: int

    #: When what it tells happened.
    happened_at: datetime

    #: When it was taken, or found to tell nothing.
    ended_at: Optional[datetime] = None

    #: The message from a phone that it is about.
    inbound_id: Optional[str] = None

    #: The message that it is about.
    message_id: Optional[str] = None

    #: When it is told next.
    next_at: Optional[datetime] = None


@dataclass(frozen=True)
class DeliveryPage:
    """A page of events, newest first. It may have fewer than asked for while there are more."""

    #: The events.
    items: List[Delivery]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class ExplainView:
    """Why a message was treated as it was."""

    #: The message.
    message: MessageView

    #: What happened and why, in order.
    because: List[BecauseView]


@dataclass(frozen=True)
class FactView:
    """A fact that a decision saw."""

    #: Its name.
    name: str

    #: Its value.
    value: str


@dataclass(frozen=True)
class GroupChange:
    """What to change of a group; what is not there stays."""

    #: Another description.
    description: Optional[str] = None

    #: Another name.
    name: Optional[str] = None


@dataclass(frozen=True)
class GroupItem:
    """A group of contacts."""

    #: Its id.
    id: str

    #: Its name.
    name: str

    #: What it is for; empty for nothing.
    description: str

    #: How many contacts are in it.
    contacts: int

    #: Since when it is there.
    created_at: datetime


@dataclass(frozen=True)
class GroupPage:
    """A page of groups, newest first."""

    #: The groups.
    items: List[GroupItem]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class InboundPage:
    """A page of messages from phones, newest first."""

    #: The messages.
    items: List[InboundView]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class InboundView:
    """A message from a phone."""

    #: Its id.
    id: str

    #: The phone.
    from_: str = field(metadata={"name": "from"})

    #: The number or short code that it wrote to.
    to: str

    #: The text.
    text: str

    #: When it was read.
    received_at: datetime

    #: `stop`, `start` or `help` when the text is such a word in any language; null for every other text.
    keyword: Optional[str] = None


@dataclass(frozen=True)
class KeyChange:
    """What to change of a key; what is absent stays."""

    #: The addresses and ranges from which it may be used; none for everywhere.
    addresses: Optional[List[str]] = None

    #: When it ends; null for never.
    expires_at: Optional[datetime] = None

    #: What you call it.
    label: Optional[str] = None

    #: What it may do: `send`, `read`, `manage`, `accounts`.
    scopes: Optional[List[str]] = None


@dataclass(frozen=True)
class KeyItem:
    """An API key."""

    #: Its id.
    id: str

    #: The key itself, which is no secret.
    key: str

    #: What its owner calls it.
    label: str

    #: What it may do: `send`, `read`, `manage`, `accounts`.
    scopes: List[str]

    #: The addresses and ranges from which it may be used; none for everywhere.
    addresses: List[str]

    #: When it was made.
    created_at: datetime

    #: When it ends.
    expires_at: Optional[datetime] = None

    #: When it was used last, to the hour.
    last_used_at: Optional[datetime] = None

    #: Until when the secret before is still good, after a rotation.
    old_secret_until: Optional[datetime] = None

    #: Its secret; only in the answer that makes or rotates it.
    secret: Optional[str] = None


@dataclass(frozen=True)
class KeyList:
    """The keys of an account, oldest first."""

    #: The keys.
    items: List[KeyItem]

    #: Always null: there is one page.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class KeywordsChange:
    """What to change of the answers; what is absent stays, and null answers nothing any more."""

    #: After a word such as HELP.
    help: Optional[str] = None

    #: After a word such as START.
    start: Optional[str] = None

    #: After a word such as STOP.
    stop: Optional[str] = None


@dataclass(frozen=True)
class KeywordsView:
    """What phones are answered; null for nothing."""

    #: After a word such as HELP.
    help: Optional[str] = None

    #: After a word such as START.
    start: Optional[str] = None

    #: After a word such as STOP.
    stop: Optional[str] = None


@dataclass(frozen=True)
class LimitsView:
    """Limits of an account; null where there is none."""

    #: Messages per second over all doors.
    messages_per_second: Optional[int] = None


@dataclass(frozen=True)
class LimitsWish:
    """Limits to set; what is absent stays, zero lifts a limit where the account above has none."""

    #: SMPP sessions at once.
    binds: Optional[int] = None

    #: Messages per second over all doors.
    messages_per_second: Optional[int] = None

    #: Unanswered PDUs of one SMPP session.
    window: Optional[int] = None


@dataclass(frozen=True)
class MeView:
    """The account that the credentials open."""

    #: Its name.
    account: str

    #: Its public id.
    account_sid: str

    #: `active`, `suspended` or `closed`.
    state: str

    #: What it pays in.
    unit: str

    #: The class of messages that state none.
    default_class: str

    #: What it may do at once.
    limits: LimitsView


@dataclass(frozen=True)
class MembersOfGroup:
    """Contacts that come into a group or leave it."""

    #: Their ids.
    contacts: List[str]


@dataclass(frozen=True)
class MessagePage:
    """A page of messages, newest first."""

    #: The messages.
    items: List[MessageView]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class MessageView:
    """A message."""

    #: Its id.
    id: str

    #: The submission that it came with.
    submission_id: str

    #: What has become of it.
    state: str

    #: Why, in one word.
    reason: str

    #: The sender, as you wrote it.
    from_: str = field(metadata={"name": "from"})

    #: The recipient, as you wrote it.
    to: str

    #: `one_time`, `transactional` or `bulk`.
    class_: str = field(metadata={"name": "class"})

    #: The recipient's country, ISO 3166-1 alpha-2.
    country: str

    #: Parts charged.
    parts: int

    #: What it costs.
    price: Amount

    #: What became of the money: `none`, `held`, `charged`, `released` or `refunded`.
    charge: str

    #: It may have been sent twice.
    possible_duplicate: bool

    #: A later receipt contradicted the end that was told.
    contradicted: bool

    #: Test traffic, never sent to a real carrier.
    test: bool

    #: Read at the door.
    received_at: datetime

    #: On stable storage.
    accepted_at: datetime

    #: Not sent after.
    expires_at: datetime

    #: How many attempts were made.
    attempt_count: int

    #: The attempts; only when a single message is asked for.
    attempts: Optional[List[AttemptView]] = None

    #: Your own reference.
    client_reference: Optional[str] = None

    clock: Optional[ClockView] = None

    #: The error of the receipt that ended it, as the carrier wrote it.
    error: Optional[str] = None

    #: Ended.
    final_at: Optional[datetime] = None

    #: The recipient's network when it was priced, MCC and MNC.
    network: Optional[str] = None

    #: Why it is not sent by itself and waits for a person of the operator: `quarantined` (working on it
    #: crashed twice) or `restored` (it comes from a backup). Its validity ends it all the same.
    paused: Optional[str] = None

    #: Events that you were not told yet; only when a single message is asked for.
    pending_events: Optional[int] = None

    #: Not sent before.
    send_at: Optional[datetime] = None

    #: First taken by a carrier.
    submitted_at: Optional[datetime] = None

    #: The text; only when a single message is asked for, and until it is erased.
    text: Optional[str] = None

    #: The operator's own word for this kind of traffic.
    traffic_type: Optional[str] = None


@dataclass(frozen=True)
class MovementPage:
    """A page of movements, newest first."""

    #: The movements.
    items: List[MovementView]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class MovementView:
    """What moved the balance."""

    #: Its id; those of one account rise with time.
    id: str

    #: When.
    at: datetime

    #: `top_up`, `hold`, `capture`, `release`, `charge`, `refund`, `transfer_out` or `transfer_in`.
    kind: str

    #: What it did to what can be spent; below zero when it took something.
    amount: Amount

    #: How many messages it sums up.
    messages: int


@dataclass(frozen=True)
class NewContact:
    """A new contact."""

    #: The number, in any notation, with its country code. The account has one contact for each number.
    number: str

    #: What you know besides: at most 30 texts by names of letters, digits and underscores. Each stands in a
    #: text to a group as `{its name}`.
    attributes: Optional[Dict[str, str]] = None

    #: The ids of groups to put it into.
    groups: Optional[List[str]] = None

    #: The language that the person reads, such as `en` or `pt-BR`.
    language: Optional[str] = None

    #: What you call the person, at most 100 characters; `{name}` in a text to a group.
    name: Optional[str] = None

    #: The time zone in which the person lives, by its name in the IANA database.
    time_zone: Optional[str] = None


@dataclass(frozen=True)
class NewGroup:
    """A new group."""

    #: Its name, which no other group of the account has: 1 to 64 characters.
    name: str

    #: What it is for, at most 200 characters.
    description: Optional[str] = None


@dataclass(frozen=True)
class NewKey:
    """A key to make."""

    #: The addresses and ranges from which it may be used, e.g. `192.0.2.0/24`; everywhere when absent.
    addresses: Optional[List[str]] = None

    #: When it ends; never when absent.
    expires_at: Optional[datetime] = None

    #: What you call it.
    label: Optional[str] = None

    #: What it may do: `send`, `read`, `manage`, `accounts`; what the calling key may do when absent.
    scopes: Optional[List[str]] = None


@dataclass(frozen=True)
class NewPool:
    """A new pool of senders."""

    #: Its name, which no other pool of the account has: 1 to 64 characters.
    name: str

    #: Whether numbers of the recipient's country go first; `true` when absent.
    country_match: Optional[bool] = None

    #: What it is for, at most 200 characters.
    description: Optional[str] = None

    #: The senders.
    members: Optional[List[NewPoolMember]] = None

    #: `account` (when absent) or `pool`: what a phone that writes STOP wants no more of.
    opt_out: Optional[str] = None

    #: What phones are answered that write a keyword to one of the numbers.
    replies: Optional[List[PoolReplyItem]] = None

    #: Whether a recipient hears from the sender that it heard from before; `true` when absent.
    sticky: Optional[bool] = None


@dataclass(frozen=True)
class NewPoolMember:
    """A sender that a pool shall have."""

    #: A sender that the account has asked for, or a number that it holds.
    sender: str

    #: Whether it is switched off; `false` when absent.
    off: Optional[bool] = None


@dataclass(frozen=True)
class NewSender:
    """A sender that the account would like to use."""

    #: Up to 11 letters and digits, a number, or a short code.
    sender: str

    #: The countries for which it is meant, by two letters each; all when absent.
    countries: Optional[List[str]] = None

    #: What it is for, at most 200 characters.
    purpose: Optional[str] = None


@dataclass(frozen=True)
class NewSignature:
    """A signature that the account would like to use."""

    #: 2 to 24 letters and digits, with blanks, dots and hyphens between them.
    signature: str

    #: What it stands for, at most 200 characters.
    purpose: Optional[str] = None


@dataclass(frozen=True)
class NewSubAccount:
    """An account to make below the caller's."""

    #: Its name, unique below the caller's account.
    name: str

    limits: Optional[LimitsWish] = None


@dataclass(frozen=True)
class NewSuppressions:
    """Recipients that shall not be messaged."""

    #: The numbers, in any notation; each with its country code.
    numbers: List[str]

    #: `manual` (when absent), `imported` or `complaint`.
    reason: Optional[str] = None


@dataclass(frozen=True)
class NewTemplate:
    """A new template."""

    #: Its name, which no other template of the account has: 1 to 64 characters.
    name: str

    #: The text; `{name}` is a placeholder, `{{` and `}}` stand for braces.
    text: str

    #: What stands for each placeholder, for example.
    examples: Optional[Dict[str, str]] = None

    #: Whether the operator is asked to review it; it is a draft when absent.
    submit: Optional[bool] = None


@dataclass(frozen=True)
class NewWebhook:
    """An address that shall hear of all messages."""

    #: The address.
    url: str

    #: What you call it.
    description: Optional[str] = None

    #: Whether it is switched on; true when absent.
    enabled: Optional[bool] = None

    #: The events that it shall hear, e.g. `message.delivered`; all when absent.
    events: Optional[List[str]] = None

    #: `webhook` (when absent), or a dialect that tells in its own way.
    kind: Optional[str] = None


@dataclass(frozen=True)
class NumberChange:
    """Where shall go what is written to a number."""

    #: `account`, `webhook`, `binds` or `keywords`.
    route: str

    #: The id of the webhook; with the route `webhook` only.
    webhook: Optional[str] = None


@dataclass(frozen=True)
class NumberCheck:
    """What is known of a number."""

    #: The number in its normal form.
    number: str

    #: Whether the numbering plan of its country has such numbers. One that is not plausible may still be
    #: reached.
    plausible: bool

    #: Its country, ISO 3166-1 alpha-2; `ZZ` when it is not known.
    country: str

    #: What kind of line it is by the numbering plan: `mobile`, `fixed_line`, `fixed_line_or_mobile` where
    #: they look alike, `toll_free`, `premium_rate`, `shared_cost`, `voip`, `personal`, `pager`,
    #: `company_wide`, `voicemail` or `unknown`.
    kind: str

    #: How it is written abroad.
    international: str

    #: How it is written in its country.
    national: str

    #: The time zones in which its phone may be; `UTC` where nothing is known.
    time_zones: List[str]

    #: Where they come from: `number`, its leading digits, or `unknown`.
    time_zones_by: str

    #: The version of the table of zones.
    table_version: str

    #: The network that its range belongs to, MCC and MNC; it may have been ported away.
    network: Optional[str] = None

    price: Optional[Amount] = None


@dataclass(frozen=True)
class NumberItem:
    """A number to which phones write."""

    #: The number or short code.
    number: str

    #: Where goes what is written to it: `account`, where the account hears of everything; `webhook`;
    #: `binds`, its SMPP sessions; or `keywords`, to nobody, while words such as STOP are obeyed and
    #: answered.
    route: str

    #: Since when the account holds it.
    assigned_at: Optional[datetime] = None

    #: The id of the webhook, where the route is one.
    webhook: Optional[str] = None


@dataclass(frozen=True)
class NumberPage:
    """A page of numbers, in their order."""

    #: The numbers.
    items: List[NumberItem]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class PoolChange:
    """What to set of a pool; what is not there stays, and for a new one is what is usual."""

    #: Whether numbers of the recipient's country go first; `true` for a new pool.
    country_match: Optional[bool] = None

    #: What it is for, at most 200 characters.
    description: Optional[str] = None

    #: All senders.
    members: Optional[List[NewPoolMember]] = None

    #: Another name, which no other pool of the account has: 1 to 64 characters.
    name: Optional[str] = None

    #: `account` (for a new pool) or `pool`: what a phone that writes STOP wants no more of.
    opt_out: Optional[str] = None

    #: All answers to keywords.
    replies: Optional[List[PoolReplyItem]] = None

    #: Whether a recipient hears from the sender that it heard from before; `true` for a new pool.
    sticky: Optional[bool] = None


@dataclass(frozen=True)
class PoolItem:
    """A pool of senders."""

    #: Its id.
    id: str

    #: Its name.
    name: str

    #: What it is for; empty for nothing.
    description: str

    #: The senders.
    members: List[PoolMemberItem]

    #: Whether a recipient hears from the sender that it heard from before, as long as that can be used.
    sticky: bool

    #: Whether numbers of the recipient's country go before other senders.
    country_match: bool

    #: What a phone that writes STOP to one of the numbers wants no more of: messages of the `account`, or
    #: only those of the `pool`.
    opt_out: str

    #: What phones are answered that write a keyword to one of the numbers; where nothing is said, what the
    #: account answers.
    replies: List[PoolReplyItem]

    #: Since when it is there.
    created_at: datetime

    #: When it was set last.
    changed_at: datetime


@dataclass(frozen=True)
class PoolMemberItem:
    """A sender of a pool."""

    #: The name or number that phones see.
    sender: str

    #: Whether you have switched it off.
    off: bool

    #: Why it is passed over for every message: `off`; `not_own`, when it is no sender and no number of the
    #: account any more; `pending`, `rejected` or `revoked`, by its review. Null when nothing keeps it from
    #: being chosen, except where the operator's rules for a country do.
    passed_over: Optional[str] = None


@dataclass(frozen=True)
class PoolPage:
    """A page of pools, newest first."""

    #: The pools.
    items: List[PoolItem]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class PoolReplyItem:
    """What phones are answered that write a keyword to a number of a pool."""

    #: `stop`, `start` or `help`.
    keyword: str

    #: The answer, 1 to 459 characters.
    text: str

    #: For words of this language, by two letters; null for those of any other.
    language: Optional[str] = None


@dataclass(frozen=True)
class PriceLine:
    """What one part costs, by the beginning of the number."""

    #: The first digits of the number; empty for every other one.
    prefix: str

    #: The price of one part, as a decimal string.
    price: str


@dataclass(frozen=True)
class Prices:
    """What the account pays: the longest prefix of a number counts."""

    #: The version of the prices.
    version: int

    #: What they are in.
    unit: str

    #: The prices, in the order of their prefixes.
    items: List[PriceLine]

    #: Always null: there is one page.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class Problem:
    """What went wrong, as a problem document (RFC 9457)."""

    #: The page that explains the code.
    type: str

    #: The code in words; always the same for one code.
    title: str

    #: The HTTP status.
    status: int

    #: The stable code.
    code: str

    #: What is wrong with this request.
    detail: str

    #: What is wrong with each message of the submission.
    errors: Optional[List[ProblemItem]] = None

    #: The field or parameter that it is about, as the caller wrote it.
    field: Optional[str] = None

    #: Seconds after which the same request may be taken.
    retry_after: Optional[int] = None


@dataclass(frozen=True)
class ProblemItem:
    """What is wrong with one message of a submission."""

    #: The place in `recipients`, counted from zero.
    index: int

    #: The stable code.
    code: str

    #: What is wrong.
    detail: str

    #: The field, as the caller wrote it.
    field: Optional[str] = None


@dataclass(frozen=True)
class QuietBody:
    """The quiet hours to set."""

    quiet_hours: Optional[QuietHoursBody]

    #: The classes of the messages that they are for; `transactional` and `bulk` when absent.
    classes: Optional[List[str]] = None


@dataclass(frozen=True)
class QuietHoursBody:
    """Hours at which recipients are not disturbed, on the clock where each of them is."""

    #: When they begin.
    from_: str = field(metadata={"name": "from"})

    #: When they end: on the next day, where that is not later than `from`.
    to: str

    #: The days on which they begin, `mon` to `sun`; all when absent.
    days: Optional[List[str]] = None


@dataclass(frozen=True)
class QuietView:
    """The quiet hours of an account."""

    #: The classes of the messages that they are for.
    classes: List[str]

    quiet_hours: Optional[QuietHoursBody] = None


@dataclass(frozen=True)
class QuoteBody:
    """What a submission would cost."""

    #: Always true: nothing was sent.
    dry_run: bool

    #: The messages, in the order of the recipients.
    messages: List[QuoteItem]

    #: How many contacts of the group would be left out because they are on the suppression list; only where
    #: a group was named.
    left_out: Optional[int] = None


@dataclass(frozen=True)
class QuoteItem:
    """What one message would cost."""

    #: The recipient, as you wrote it.
    to: str

    #: Parts that would be charged.
    parts: int

    #: What it would cost.
    price: Amount

    clock: Optional[ClockView] = None

    #: The sender that it would get; only where a pool was named.
    from_: Optional[str] = field(default=None, metadata={"name": "from"})

    #: Not before, if it would be scheduled.
    send_at: Optional[datetime] = None

    #: The text that it would have; only where a signature is put.
    text: Optional[str] = None


@dataclass(frozen=True)
class ReceiptView:
    """A receipt for one part."""

    #: The part, counted from one.
    part: int

    #: Who said so: `carrier`, `intermediate`, `platform` or `staff`.
    origin: str

    #: What it told.
    state: str

    #: The raw `stat` of the receipt.
    stat: str

    #: The raw `err` of the receipt.
    error: str

    #: When it was read.
    read_at: datetime

    #: Whether it contradicts the end that was told before.
    contradicts: bool


@dataclass(frozen=True)
class RecipientObject:
    """A recipient with a reference and parameters of its own."""

    #: The number, with its country code.
    to: str

    #: Your own reference for this message.
    client_reference: Optional[str] = None

    #: What stands in the text for this recipient: `{name}` becomes the value of `name`.
    parameters: Optional[Dict[str, str]] = None


@dataclass(frozen=True)
class ReplayBody:
    """Which events to tell again: one, or those of a time and of which something became."""

    #: This one.
    event: Optional[str] = None

    #: Those made at or after this time.
    since: Optional[datetime] = None

    #: Those of which this became: `waiting`, `told` or `dead`.
    status: Optional[str] = None

    #: Those made before this time.
    until: Optional[datetime] = None


@dataclass(frozen=True)
class Replayed:
    """How many events will be told again."""

    #: At most 10,000; ask again for more.
    events: int


@dataclass(frozen=True)
class Rotation:
    """How a secret is replaced."""

    #: Seconds for which the secret before stays good beside the new one; a day when absent.
    overlap_s: Optional[int] = None


@dataclass(frozen=True)
class SenderItem:
    """A sender of the account."""

    #: Its id.
    id: str

    #: The name or number that phones see.
    sender: str

    #: `pending`, until the operator has reviewed it; `approved`, `rejected`, or `revoked`: approved for a
    #: while.
    state: str

    #: The countries for which it is meant, by two letters each; none for all.
    countries: List[str]

    #: What you say that it is for.
    purpose: str

    #: What the operator says of its review.
    note: str

    #: When it was asked for.
    created_at: datetime

    #: When it was reviewed last, or asked for.
    changed_at: datetime


@dataclass(frozen=True)
class SenderPage:
    """A page of senders, newest first."""

    #: The senders.
    items: List[SenderItem]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class SignatureItem:
    """A signature of the account."""

    #: Its id.
    id: str

    #: The signature, without the brackets that the operator's rules put around it.
    signature: str

    #: `pending`, until the operator has reviewed it; `approved`, `rejected`, or `revoked`: approved for a
    #: while.
    state: str

    #: What you say that it stands for.
    purpose: str

    #: What the operator says of its review.
    note: str

    #: When it was asked for.
    created_at: datetime

    #: When it was reviewed last, or asked for.
    changed_at: datetime


@dataclass(frozen=True)
class SignaturePage:
    """A page of signatures, newest first."""

    #: The signatures.
    items: List[SignatureItem]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class Statistics:
    """Traffic by day, country and state."""

    #: The lines, oldest day first.
    items: List[StatisticsLine]

    #: Always null: there is one page.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class StatisticsLine:
    """Traffic of one day to one country that came to one state."""

    #: The UTC day on which the messages were accepted.
    day: str

    #: The recipients' country, ISO 3166-1 alpha-2; `ZZ` when it is not known.
    country: str

    #: What became of them; `open` for those that have not ended.
    state: str

    #: How many messages.
    messages: int

    #: How many parts.
    parts: int

    #: What they were sold for, whatever became of the money.
    amount: Amount


@dataclass(frozen=True)
class SubAccountChange:
    """What to change of an account; what is absent stays."""

    limits: Optional[LimitsWish] = None

    #: `active`, `suspended`: it sends nothing, and neither does any account below it; or `closed`, for
    #: good: its keys and logins open nothing any more.
    state: Optional[str] = None


@dataclass(frozen=True)
class SubmitBody:
    """What to send, and to whom."""

    #: Where to tell what becomes of the messages; the account's own address when absent.
    callback_url: Optional[str] = None

    #: What goes first when there is a queue: `one_time`, `transactional` or `bulk`.
    class_: Optional[str] = field(default=None, metadata={"name": "class"})

    #: Your own reference, given back unchanged; of all messages that have none of their own.
    client_reference: Optional[str] = None

    #: Only tell what it would cost; nothing is sent and nothing kept.
    dry_run: Optional[bool] = None

    #: The sender: up to 11 letters and digits, a number, or a short code. State either this or `pool`.
    from_: Optional[str] = field(default=None, metadata={"name": "from"})

    #: A group of your contacts, by its id or its name: one message to each of them, but for those on the
    #: suppression list. The text may have the placeholders `{name}`, `{number}` and those of attributes.
    group: Optional[str] = None

    #: What stands in the text for recipients that do not state it themselves.
    parameters: Optional[Dict[str, str]] = None

    #: A pool of your senders, by its id or its name: it chooses the sender of each message.
    pool: Optional[str] = None

    quiet_hours: Optional[QuietHoursBody] = None

    #: 1 to 10,000 recipients of the text.
    recipients: Optional[List[RecipientShape]] = None

    #: Not before this time.
    send_at: Optional[datetime] = None

    #: Not before this time where the recipient is: `09:30`, the next time that its clock shows it, or a
    #: date and a time such as `2026-11-22T09:30`. State either this or `send_at`.
    send_at_local: Optional[str] = None

    #: A template of yours, by its id or its name, from whose approved version the text is written with the
    #: parameters.
    template: Optional[str] = None

    #: The text. It is split into parts as phones can join them. Where the request has parameters, `{name}`
    #: stands for the parameter `name`, and `{{` and `}}` for braces. State either this or `template`.
    text: Optional[str] = None

    #: The recipient, with its country code. State either this, `recipients` or `group`.
    to: Optional[str] = None

    #: The operator's own word for this kind of traffic.
    traffic_type: Optional[str] = None

    #: Seconds that the messages are worth sending, from `send_at` or from now on.
    validity_s: Optional[int] = None


@dataclass(frozen=True)
class SuppressionItem:
    """A recipient that must not be messaged."""

    #: The number, country code first.
    number: str

    #: `opt_out`: the phone wrote a word such as STOP, and takes it back with one such as START;
    #: `complaint`, `imported` or `manual`.
    reason: str

    #: From where: `inbound:` and the id of the phone's message, or `key:` and the id of the API key.
    source: str

    #: Since when.
    created_at: datetime

    #: The id of the pool of senders whose messages it must not get; null for all of the account.
    pool: Optional[str] = None


@dataclass(frozen=True)
class SuppressionPage:
    """A page of the suppression list, newest first."""

    #: The recipients.
    items: List[SuppressionItem]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class SuppressionsAdded:
    """What became of the numbers."""

    #: How many of them were not on the list; the others stay as they were.
    added: int


@dataclass(frozen=True)
class TemplateChange:
    """What to change of a template; what is not there stays. Another text or other examples are a new
    version.
    """

    #: Other examples, all of them.
    examples: Optional[Dict[str, str]] = None

    #: Another name.
    name: Optional[str] = None

    #: Whether the operator is asked to review it; another text stays a draft when absent.
    submit: Optional[bool] = None

    #: Another text.
    text: Optional[str] = None


@dataclass(frozen=True)
class TemplateItem:
    """A template of the account."""

    #: Its id.
    id: str

    #: Its name.
    name: str

    #: Of the newest version: `draft`, until you submit it; `pending`, until the operator has reviewed it;
    #: `approved`, `rejected`, or `revoked`: approved for a while.
    state: str

    #: The versions, newest first.
    versions: List[TemplateVersionItem]

    #: Since when it is there.
    created_at: datetime

    #: When it was changed or reviewed last.
    changed_at: datetime

    #: The version from which messages are written: the newest that was approved, if there is one.
    in_force: Optional[int] = None


@dataclass(frozen=True)
class TemplatePage:
    """A page of templates, newest first."""

    #: The templates.
    items: List[TemplateItem]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class TemplateVersionItem:
    """A version of a template."""

    #: Counted from one.
    number: int

    #: The text with its placeholders.
    text: str

    #: What stands for each placeholder, for example.
    examples: Dict[str, str]

    #: What it came to: as `state` of the template.
    state: str

    #: What the operator says of its review.
    note: str

    #: Since when it is in this state.
    since: datetime


@dataclass(frozen=True)
class TestView:
    """How a webhook answered when it was tried out."""

    #: The event's id: the `webhook-id` of the call.
    id: str

    #: Whether it was taken: answered with any 2xx.
    taken: bool

    #: Milliseconds until the answer.
    took_ms: int

    #: Why no answer came.
    error: Optional[str] = None

    #: The HTTP status of the answer.
    status: Optional[int] = None


@dataclass(frozen=True)
class Transfer:
    """Value to move between the caller's account and one below it."""

    #: How much, as a decimal string in the unit of both accounts.
    amount: str

    #: `to_account` (when absent), or `from_account`, which takes back what is not held.
    direction: Optional[str] = None


@dataclass(frozen=True)
class TreeLine:
    """The traffic of one account."""

    #: The account's id.
    id: str

    #: Its name.
    name: str

    #: Messages accepted.
    messages: int

    #: Of them delivered.
    delivered: int

    #: Parts of all of them.
    parts: int

    #: What they were sold for, whatever became of the money.
    amount: Amount

    #: What the account can spend now, as a decimal string.
    balance: str

    #: Held for messages on their way, as a decimal string.
    held: str

    #: The id of the account above it; null for the caller's own.
    parent: Optional[str] = None


@dataclass(frozen=True)
class TreePage:
    """The traffic of an account and of those below it, oldest account first."""

    #: A line for each account.
    items: List[TreeLine]

    #: Give it as `cursor` to read on; null at the end.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class WebhookList:
    """The addresses of an account: its default first, then the newest, at most 500."""

    #: The addresses.
    items: List[WebhookView]

    #: Always null: there is one page.
    next_cursor: Optional[str] = None


@dataclass(frozen=True)
class WebhookPatch:
    """What to change of an address; what is absent stays."""

    #: What you call it.
    description: Optional[str] = None

    #: Whether it is switched on.
    enabled: Optional[bool] = None

    #: The events that it shall hear; null for all.
    events: Optional[List[str]] = None

    #: The address.
    url: Optional[str] = None


@dataclass(frozen=True)
class WebhookView:
    """An address at which events are told."""

    #: Its id.
    id: str

    #: `webhook`, signed JSON by POST; or a dialect that tells in its own way.
    kind: str

    #: The address.
    url: str

    #: What its owner calls it.
    description: str

    #: Whether it hears of all messages of the account; else of those that name it, and of those that name
    #: none while it is the default.
    all_messages: bool

    #: Whether it is switched on. One that answers 410 (Gone) is switched off.
    enabled: bool

    #: Whether messages that state no address of their own are told here.
    default: bool

    #: The events that it wants to hear; null for all.
    events: Optional[List[str]] = None

    #: Until when the secret before signs too, after a rotation.
    old_secret_until: Optional[datetime] = None

    #: What its calls are signed with; only in the answer that makes or rotates it, and null for a kind that
    #: signs nothing.
    secret: Optional[str] = None


#: A recipient as it may be written.
RecipientShape = Union[str, RecipientObject]
