"""Every operation of the API as a method.

Generated from the OpenAPI document by `cargo xtask client`; a change here is lost.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Union

from ._runtime import UNSET, Maybe, Moment, Request, Runtime
from .models import (
    AcceptedBody,
    AccountItem,
    AccountPage,
    Alert,
    AlertQuote,
    AlertSent,
    BalanceView,
    ContactItem,
    ContactPage,
    ContactsImported,
    DefaultWebhook,
    Delivery,
    DeliveryPage,
    ExplainView,
    GroupItem,
    GroupPage,
    InboundPage,
    InboundView,
    KeyItem,
    KeyList,
    KeywordsView,
    LimitsWish,
    MeView,
    MessagePage,
    MessageView,
    MovementPage,
    MovementView,
    NewPoolMember,
    NumberCheck,
    NumberItem,
    NumberPage,
    PoolItem,
    PoolPage,
    PoolReplyItem,
    Prices,
    QuietHoursBody,
    QuietView,
    QuoteBody,
    RecipientShape,
    Replayed,
    SenderItem,
    SenderPage,
    SignatureItem,
    SignaturePage,
    Statistics,
    SuppressionItem,
    SuppressionPage,
    SuppressionsAdded,
    TemplateItem,
    TemplatePage,
    TestView,
    TreeLine,
    TreePage,
    WebhookList,
    WebhookView,
)


class Operations(Runtime):
    """The operations. Each answers with what the document says, or raises a `ChappeError`."""

    def account_change(
        self,
        id: str,
        *,
        limits: Maybe[LimitsWish] = UNSET,
        state: Maybe[str] = UNSET,
    ) -> AccountItem:
        """Suspends an account, lets it send again, closes it for good, or changes its limits.

        Args:
            id: The account's id
            limits:
            state: `active`, `suspended`: it sends nothing, and neither does any account below it; or
                `closed`, for good: its keys and logins open nothing any more.
        """
        request = Request("PATCH", "/api/v1/accounts/{id}", path={"id": id},
            body={"limits": limits, "state": state})
        answer: AccountItem = self._call(request, {200: AccountItem})
        return answer

    def account_create(
        self,
        *,
        name: str,
        limits: Maybe[LimitsWish] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> AccountItem:
        """Makes an account below the caller's, with its prices and without value.

        Args:
            name: Its name, unique below the caller's account.
            limits:
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/accounts",
            body={"name": name, "limits": limits}, idempotency_key=idempotency_key, once=True)
        answer: AccountItem = self._call(request, {201: AccountItem})
        return answer

    def account_key_create(
        self,
        id: str,
        *,
        addresses: Maybe[List[str]] = UNSET,
        expires_at: Maybe[Moment] = UNSET,
        label: Maybe[str] = UNSET,
        scopes: Maybe[List[str]] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> KeyItem:
        """Makes an API key for an account below the caller's. Its secret is shown once. It can do no more
        than the calling key.

        Args:
            id: The account's id
            addresses: The addresses and ranges from which it may be used, e.g. `192.0.2.0/24`;
                everywhere when absent.
            expires_at: When it ends; never when absent.
            label: What you call it.
            scopes: What it may do: `send`, `read`, `manage`, `accounts`; what the calling key may do
                when absent.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/accounts/{id}/keys", path={"id": id},
            body={"addresses": addresses, "expires_at": expires_at, "label": label, "scopes": scopes}, idempotency_key=idempotency_key, once=True)
        answer: KeyItem = self._call(request, {201: KeyItem})
        return answer

    def account_key_list(self, id: str) -> KeyList:
        """Lists the API keys of an account below the caller's, without their secrets.

        Args:
            id: The account's id
        """
        request = Request("GET", "/api/v1/accounts/{id}/keys", path={"id": id})
        answer: KeyList = self._call(request, {200: KeyList})
        return answer

    def account_list(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> AccountPage:
        """Lists the accounts below the caller's, at every depth.

        Args:
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/accounts",
            query={"cursor": cursor, "limit": limit})
        answer: AccountPage = self._call(request, {200: AccountPage})
        return answer

    def account_list_all(self, *, limit: Optional[int] = None) -> Iterator[AccountItem]:
        """Lists the accounts below the caller's, at every depth.

        Reads every page, one after the other, and gives what they hold.

        Args:
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.account_list(limit=limit, cursor=cursor))

    def account_statistics(
        self,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        cursor: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> TreePage:
        """Sums up the traffic of the caller's account and of every one below it, with their balances.

        Args:
            since: From the day of this time on; 30 days back when absent.
            until: Up to the day before this time's; today when absent.
            cursor: `next_cursor` of the page before.
            limit: Accounts of the page.
        """
        request = Request("GET", "/api/v1/accounts/statistics",
            query={"since": since, "until": until, "cursor": cursor, "limit": limit})
        answer: TreePage = self._call(request, {200: TreePage})
        return answer

    def account_statistics_all(
        self,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        limit: Optional[int] = None,
    ) -> Iterator[TreeLine]:
        """Sums up the traffic of the caller's account and of every one below it, with their balances.

        Reads every page, one after the other, and gives what they hold.

        Args:
            since: From the day of this time on; 30 days back when absent.
            until: Up to the day before this time's; today when absent.
            limit: Accounts of the page.
        """
        return self._pages(lambda cursor: self.account_statistics(since=since, until=until, limit=limit, cursor=cursor))

    def account_transfer(
        self,
        id: str,
        *,
        amount: str,
        direction: Maybe[str] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> AccountItem:
        """Moves value from the caller's own balance to an account below it, or back.

        Args:
            id: The account's id
            amount: How much, as a decimal string in the unit of both accounts.
            direction: `to_account` (when absent), or `from_account`, which takes back what is not held.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/accounts/{id}/transfers", path={"id": id},
            body={"amount": amount, "direction": direction}, idempotency_key=idempotency_key, once=True)
        answer: AccountItem = self._call(request, {200: AccountItem})
        return answer

    def account_view(self) -> MeView:
        """Tells whose credentials these are."""
        request = Request("GET", "/api/v1/me")
        answer: MeView = self._call(request, {200: MeView})
        return answer

    def balance_view(self) -> BalanceView:
        """Tells what the account can spend."""
        request = Request("GET", "/api/v1/balance")
        answer: BalanceView = self._call(request, {200: BalanceView})
        return answer

    def contact_change(
        self,
        id: str,
        *,
        attributes: Maybe[Dict[str, str]] = UNSET,
        language: Maybe[str] = UNSET,
        name: Maybe[str] = UNSET,
        number: Maybe[str] = UNSET,
        time_zone: Maybe[str] = UNSET,
    ) -> ContactItem:
        """Changes a contact.

        Args:
            id: The id
            attributes: All attributes from now on.
            language: Another language; empty for none.
            name: Another name; empty for none.
            number: Another number, in any notation.
            time_zone: Another time zone; empty for none.
        """
        request = Request("PATCH", "/api/v1/contacts/{id}", path={"id": id},
            body={"attributes": attributes, "language": language, "name": name, "number": number, "time_zone": time_zone})
        answer: ContactItem = self._call(request, {200: ContactItem})
        return answer

    def contact_create(
        self,
        *,
        number: str,
        attributes: Maybe[Dict[str, str]] = UNSET,
        groups: Maybe[List[str]] = UNSET,
        language: Maybe[str] = UNSET,
        name: Maybe[str] = UNSET,
        time_zone: Maybe[str] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> ContactItem:
        """Keeps a new contact.

        Args:
            number: The number, in any notation, with its country code. The account has one contact for
                each number.
            attributes: What you know besides: at most 30 texts by names of letters, digits and
                underscores. Each stands in a text to a group as `{its name}`.
            groups: The ids of groups to put it into.
            language: The language that the person reads, such as `en` or `pt-BR`.
            name: What you call the person, at most 100 characters; `{name}` in a text to a group.
            time_zone: The time zone in which the person lives, by its name in the IANA database.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/contacts",
            body={"number": number, "attributes": attributes, "groups": groups, "language": language, "name": name, "time_zone": time_zone}, idempotency_key=idempotency_key, once=True)
        answer: ContactItem = self._call(request, {201: ContactItem})
        return answer

    def contact_import(
        self,
        *,
        csv: str,
        group: Maybe[str] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> ContactsImported:
        """Keeps the contacts of a table: new ones, and what the table says of those whose numbers are
        known. All or none.

        Args:
            csv: A table as spreadsheets write it: its first line names the columns, one of them
                `number`, others `name`, `language` and `time_zone`; every other column is an attribute. At
                most 500 lines of contacts.
            group: The id of a group to put all of them into.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/contacts/import",
            body={"csv": csv, "group": group}, idempotency_key=idempotency_key, once=True)
        answer: ContactsImported = self._call(request, {201: ContactsImported})
        return answer

    def contact_list(
        self,
        *,
        number: Optional[str] = None,
        group: Optional[str] = None,
        language: Optional[str] = None,
        cursor: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> ContactPage:
        """Lists contacts, newest first.

        Args:
            number: With this number, in any notation.
            group: In the group with this id.
            language: Who read this language.
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/contacts",
            query={"number": number, "group": group, "language": language, "cursor": cursor, "limit": limit})
        answer: ContactPage = self._call(request, {200: ContactPage})
        return answer

    def contact_list_all(
        self,
        *,
        number: Optional[str] = None,
        group: Optional[str] = None,
        language: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> Iterator[ContactItem]:
        """Lists contacts, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            number: With this number, in any notation.
            group: In the group with this id.
            language: Who read this language.
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.contact_list(number=number, group=group, language=language, limit=limit, cursor=cursor))

    def contact_remove(self, id: str) -> None:
        """Takes a contact away, out of all groups too. Messages to its number stay, and so does the
        suppression list.

        Args:
            id: The id
        """
        request = Request("DELETE", "/api/v1/contacts/{id}", path={"id": id})
        self._call(request, {204: None})

    def contact_view(self, id: str) -> ContactItem:
        """Shows one contact.

        Args:
            id: The id
        """
        request = Request("GET", "/api/v1/contacts/{id}", path={"id": id})
        answer: ContactItem = self._call(request, {200: ContactItem})
        return answer

    def group_change(
        self,
        id: str,
        *,
        description: Maybe[str] = UNSET,
        name: Maybe[str] = UNSET,
    ) -> GroupItem:
        """Changes a group.

        Args:
            id: The id
            description: Another description.
            name: Another name.
        """
        request = Request("PATCH", "/api/v1/groups/{id}", path={"id": id},
            body={"description": description, "name": name})
        answer: GroupItem = self._call(request, {200: GroupItem})
        return answer

    def group_create(
        self,
        *,
        name: str,
        description: Maybe[str] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> GroupItem:
        """Makes a group.

        Args:
            name: Its name, which no other group of the account has: 1 to 64 characters.
            description: What it is for, at most 200 characters.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/groups",
            body={"name": name, "description": description}, idempotency_key=idempotency_key, once=True)
        answer: GroupItem = self._call(request, {201: GroupItem})
        return answer

    def group_join(
        self,
        id: str,
        *,
        contacts: List[str],
        idempotency_key: Optional[str] = None,
    ) -> GroupItem:
        """Puts contacts into a group: all or none.

        Args:
            id: The id
            contacts: Their ids.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/groups/{id}/join", path={"id": id},
            body={"contacts": contacts}, idempotency_key=idempotency_key, once=True)
        answer: GroupItem = self._call(request, {200: GroupItem})
        return answer

    def group_leave(
        self,
        id: str,
        *,
        contacts: List[str],
        idempotency_key: Optional[str] = None,
    ) -> GroupItem:
        """Takes contacts out of a group; those that are not in it stay out.

        Args:
            id: The id
            contacts: Their ids.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/groups/{id}/leave", path={"id": id},
            body={"contacts": contacts}, idempotency_key=idempotency_key, once=True)
        answer: GroupItem = self._call(request, {200: GroupItem})
        return answer

    def group_list(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> GroupPage:
        """Lists groups, newest first.

        Args:
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/groups",
            query={"cursor": cursor, "limit": limit})
        answer: GroupPage = self._call(request, {200: GroupPage})
        return answer

    def group_list_all(self, *, limit: Optional[int] = None) -> Iterator[GroupItem]:
        """Lists groups, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.group_list(limit=limit, cursor=cursor))

    def group_remove(self, id: str) -> None:
        """Takes a group away; its contacts stay.

        Args:
            id: The id
        """
        request = Request("DELETE", "/api/v1/groups/{id}", path={"id": id})
        self._call(request, {204: None})

    def group_view(self, id: str) -> GroupItem:
        """Shows one group. Its contacts are listed at `/api/v1/contacts?group=`.

        Args:
            id: The id
        """
        request = Request("GET", "/api/v1/groups/{id}", path={"id": id})
        answer: GroupItem = self._call(request, {200: GroupItem})
        return answer

    def hook_alertmanager(
        self,
        *,
        group_key: str,
        status: str,
        alerts: List[Alert],
        version: str,
        to: List[str],
        from_: str,
        group_labels: Maybe[Dict[str, str]] = UNSET,
        truncated_alerts: Maybe[int] = UNSET,
        class_: Optional[str] = None,
        dry_run: Optional[bool] = None,
        idempotency_key: Optional[str] = None,
    ) -> Union[AlertQuote, AlertSent]:
        """Sends what Prometheus Alertmanager tells, by its webhook of version 4. Without an `Idempotency-
        Key` the group, its status and its alerts with their starts are the key.

        Args:
            group_key: Which group it is.
            status: `firing`, or `resolved` when none of its alerts is firing.
            alerts: The alerts.
            version: The form of the document.
            to: The recipients with their country codes: several separated by commas, or the parameter
                several times.
            from_: The sender: up to 11 letters and digits, a number, or a short code.
            group_labels: What its alerts were grouped by.
            truncated_alerts: Alerts of the group that are not in the document.
            class_: What goes first when there is a queue: `one_time`, `transactional` or `bulk`.
            dry_run: Only tell the text and what it would cost; nothing is sent and nothing kept.
            idempotency_key: Done once under this key; when absent, what is told is the key.
        """
        request = Request("POST", "/api/v1/hooks/alertmanager",
            query={"to": to, "from": from_, "class": class_, "dry_run": dry_run},
            body={"groupKey": group_key, "status": status, "alerts": alerts, "version": version, "groupLabels": group_labels, "truncatedAlerts": truncated_alerts}, idempotency_key=idempotency_key, once=True, is_own_key=True)
        answer: Union[AlertQuote, AlertSent] = self._call(request, {200: AlertQuote, 202: AlertSent})
        return answer

    def hook_grafana(
        self,
        *,
        group_key: str,
        status: str,
        alerts: List[Alert],
        to: List[str],
        from_: str,
        group_labels: Maybe[Dict[str, str]] = UNSET,
        truncated_alerts: Maybe[int] = UNSET,
        version: Maybe[str] = UNSET,
        class_: Optional[str] = None,
        dry_run: Optional[bool] = None,
        idempotency_key: Optional[str] = None,
    ) -> Union[AlertQuote, AlertSent]:
        """Sends what Grafana tells, by the webhook of a contact point. Without an `Idempotency-Key` the
        group, its status and its alerts with their starts are the key.

        Args:
            group_key: Which group it is.
            status: `firing`, or `resolved` when none of its alerts is firing.
            alerts: The alerts.
            to: The recipients with their country codes: several separated by commas, or the parameter
                several times.
            from_: The sender: up to 11 letters and digits, a number, or a short code.
            group_labels: What its alerts were grouped by.
            truncated_alerts: Alerts of the group that are not in the document.
            version: The form of the document; Alertmanager's must be `4`.
            class_: What goes first when there is a queue: `one_time`, `transactional` or `bulk`.
            dry_run: Only tell the text and what it would cost; nothing is sent and nothing kept.
            idempotency_key: Done once under this key; when absent, what is told is the key.
        """
        request = Request("POST", "/api/v1/hooks/grafana",
            query={"to": to, "from": from_, "class": class_, "dry_run": dry_run},
            body={"groupKey": group_key, "status": status, "alerts": alerts, "groupLabels": group_labels, "truncatedAlerts": truncated_alerts, "version": version}, idempotency_key=idempotency_key, once=True, is_own_key=True)
        answer: Union[AlertQuote, AlertSent] = self._call(request, {200: AlertQuote, 202: AlertSent})
        return answer

    def inbound_export(
        self,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        format: Optional[str] = None,
    ) -> Iterator[str]:
        """Writes messages from phones as a table, newest first, at most 1,000,000.

        Args:
            since: At or after this time.
            until: Before this time.
            format: `csv`, which is the only form so far.
        """
        request = Request("GET", "/api/v1/exports/inbound",
            query={"since": since, "until": until, "format": format})
        return self._lines(request)

    def inbound_list(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> InboundPage:
        """Lists messages from phones, newest first.

        Args:
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/inbound",
            query={"cursor": cursor, "limit": limit})
        answer: InboundPage = self._call(request, {200: InboundPage})
        return answer

    def inbound_list_all(self, *, limit: Optional[int] = None) -> Iterator[InboundView]:
        """Lists messages from phones, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.inbound_list(limit=limit, cursor=cursor))

    def key_change(
        self,
        id: str,
        *,
        addresses: Maybe[List[str]] = UNSET,
        expires_at: Maybe[Moment] = UNSET,
        label: Maybe[str] = UNSET,
        scopes: Maybe[List[str]] = UNSET,
    ) -> KeyItem:
        """Changes what a key may do, from where and until when.

        Args:
            id: The key's id
            addresses: The addresses and ranges from which it may be used; none for everywhere.
            expires_at: When it ends; null for never.
            label: What you call it.
            scopes: What it may do: `send`, `read`, `manage`, `accounts`.
        """
        request = Request("PATCH", "/api/v1/keys/{id}", path={"id": id},
            body={"addresses": addresses, "expires_at": expires_at, "label": label, "scopes": scopes})
        answer: KeyItem = self._call(request, {200: KeyItem})
        return answer

    def key_create(
        self,
        *,
        addresses: Maybe[List[str]] = UNSET,
        expires_at: Maybe[Moment] = UNSET,
        label: Maybe[str] = UNSET,
        scopes: Maybe[List[str]] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> KeyItem:
        """Makes an API key. Its secret is shown once. No key can make one that may do more than itself.

        Args:
            addresses: The addresses and ranges from which it may be used, e.g. `192.0.2.0/24`;
                everywhere when absent.
            expires_at: When it ends; never when absent.
            label: What you call it.
            scopes: What it may do: `send`, `read`, `manage`, `accounts`; what the calling key may do
                when absent.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/keys",
            body={"addresses": addresses, "expires_at": expires_at, "label": label, "scopes": scopes}, idempotency_key=idempotency_key, once=True)
        answer: KeyItem = self._call(request, {201: KeyItem})
        return answer

    def key_list(self) -> KeyList:
        """Lists the API keys of the account, without their secrets."""
        request = Request("GET", "/api/v1/keys")
        answer: KeyList = self._call(request, {200: KeyList})
        return answer

    def key_revoke(self, id: str) -> None:
        """Ends a key for good.

        Args:
            id: The key's id
        """
        request = Request("DELETE", "/api/v1/keys/{id}", path={"id": id})
        self._call(request, {204: None})

    def key_rotate(
        self,
        id: str,
        *,
        overlap_s: Maybe[int] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> KeyItem:
        """Gives a key another secret, which is shown once. The one before stays good for a while.

        Args:
            id: The key's id
            overlap_s: Seconds for which the secret before stays good beside the new one; a day when
                absent.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/keys/{id}/rotate", path={"id": id},
            body={"overlap_s": overlap_s}, is_body_optional=True, idempotency_key=idempotency_key, once=True)
        answer: KeyItem = self._call(request, {200: KeyItem})
        return answer

    def key_view(self, id: str) -> KeyItem:
        """Shows one key, without its secret.

        Args:
            id: The key's id
        """
        request = Request("GET", "/api/v1/keys/{id}", path={"id": id})
        answer: KeyItem = self._call(request, {200: KeyItem})
        return answer

    def keyword_replies(self) -> KeywordsView:
        """Shows what phones are answered that write a keyword."""
        request = Request("GET", "/api/v1/keywords")
        answer: KeywordsView = self._call(request, {200: KeywordsView})
        return answer

    def keyword_replies_change(
        self,
        *,
        help: Maybe[str] = UNSET,
        start: Maybe[str] = UNSET,
        stop: Maybe[str] = UNSET,
    ) -> KeywordsView:
        """Changes what phones are answered. An answer is a message like any other and charged as such; a
        phone gets each of them at most once in 24 hours.

        Args:
            help: After a word such as HELP.
            start: After a word such as START.
            stop: After a word such as STOP.
        """
        request = Request("PATCH", "/api/v1/keywords",
            body={"help": help, "start": start, "stop": stop})
        answer: KeywordsView = self._call(request, {200: KeywordsView})
        return answer

    def message_cancel(self, id: str, *, idempotency_key: Optional[str] = None) -> MessageView:
        """Withdraws a message that was not sent yet.

        Args:
            id: The message's id in any notation
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/messages/{id}/cancel", path={"id": id}, idempotency_key=idempotency_key, once=True)
        answer: MessageView = self._call(request, {200: MessageView})
        return answer

    def message_delete(self, id: str) -> None:
        """Deletes a message, once it has ended: what it says, its addresses and your reference are erased,
        and it is found no more. What it cost stays in the balance and the statistics, and what carriers
        told of it on the operator's record. This cannot be undone.

        Args:
            id: The message's id in any notation
        """
        request = Request("DELETE", "/api/v1/messages/{id}", path={"id": id})
        self._call(request, {204: None})

    def message_explain(self, id: str) -> ExplainView:
        """Explains why a message was priced, sent, charged and ended as it was.

        Args:
            id: The message's id in any notation
        """
        request = Request("GET", "/api/v1/messages/{id}/explain", path={"id": id})
        answer: ExplainView = self._call(request, {200: ExplainView})
        return answer

    def message_export(
        self,
        *,
        state: Optional[str] = None,
        to: Optional[str] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        format: Optional[str] = None,
    ) -> Iterator[str]:
        """Writes all messages that match as a table, newest first, at most 1,000,000.

        Args:
            state: In one of these states, separated by commas.
            to: To this number, in any notation.
            since: Accepted at or after this time.
            until: Accepted before this time.
            format: `csv`, which is the only form so far.
        """
        request = Request("GET", "/api/v1/exports/messages",
            query={"state": state, "to": to, "since": since, "until": until, "format": format})
        return self._lines(request)

    def message_list(
        self,
        *,
        state: Optional[str] = None,
        to: Optional[str] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        cursor: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> MessagePage:
        """Lists messages, newest first.

        Args:
            state: In one of these states, separated by commas.
            to: To this number, in any notation.
            since: Accepted at or after this time.
            until: Accepted before this time.
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/messages",
            query={"state": state, "to": to, "since": since, "until": until, "cursor": cursor, "limit": limit})
        answer: MessagePage = self._call(request, {200: MessagePage})
        return answer

    def message_list_all(
        self,
        *,
        state: Optional[str] = None,
        to: Optional[str] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        limit: Optional[int] = None,
    ) -> Iterator[MessageView]:
        """Lists messages, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            state: In one of these states, separated by commas.
            to: To this number, in any notation.
            since: Accepted at or after this time.
            until: Accepted before this time.
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.message_list(state=state, to=to, since=since, until=until, limit=limit, cursor=cursor))

    def message_redact(self, id: str, *, idempotency_key: Optional[str] = None) -> MessageView:
        """Erases what a message says, once it has ended: its text as you sent it and as it was written for
        the carrier. Everything else of it stays, and this cannot be undone.

        Args:
            id: The message's id in any notation
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/messages/{id}/redact", path={"id": id}, idempotency_key=idempotency_key, once=True)
        answer: MessageView = self._call(request, {200: MessageView})
        return answer

    def message_submit(
        self,
        *,
        callback_url: Maybe[str] = UNSET,
        class_: Maybe[str] = UNSET,
        client_reference: Maybe[str] = UNSET,
        dry_run: Maybe[bool] = UNSET,
        from_: Maybe[str] = UNSET,
        group: Maybe[str] = UNSET,
        parameters: Maybe[Dict[str, str]] = UNSET,
        pool: Maybe[str] = UNSET,
        quiet_hours: Maybe[QuietHoursBody] = UNSET,
        recipients: Maybe[List[RecipientShape]] = UNSET,
        send_at: Maybe[Moment] = UNSET,
        send_at_local: Maybe[str] = UNSET,
        template: Maybe[str] = UNSET,
        text: Maybe[str] = UNSET,
        to: Maybe[str] = UNSET,
        traffic_type: Maybe[str] = UNSET,
        validity_s: Maybe[int] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> Union[QuoteBody, AcceptedBody]:
        """Sends a text to one or many recipients. All messages are taken or none.

        Args:
            callback_url: Where to tell what becomes of the messages; the account's own address when
                absent.
            class_: What goes first when there is a queue: `one_time`, `transactional` or `bulk`.
            client_reference: Your own reference, given back unchanged; of all messages that have none
                of their own.
            dry_run: Only tell what it would cost; nothing is sent and nothing kept.
            from_: The sender: up to 11 letters and digits, a number, or a short code. State either this
                or `pool`.
            group: A group of your contacts, by its id or its name: one message to each of them, but for
                those on the suppression list. The text may have the placeholders `{name}`, `{number}` and
                those of attributes.
            parameters: What stands in the text for recipients that do not state it themselves.
            pool: A pool of your senders, by its id or its name: it chooses the sender of each message.
            quiet_hours:
            recipients: 1 to 10,000 recipients of the text.
            send_at: Not before this time.
            send_at_local: Not before this time where the recipient is: `09:30`, the next time that its
                clock shows it, or a date and a time such as `2026-11-22T09:30`. State either this or
                `send_at`.
            template: A template of yours, by its id or its name, from whose approved version the text
                is written with the parameters.
            text: The text. It is split into parts as phones can join them. Where the request has
                parameters, `{name}` stands for the parameter `name`, and `{{` and `}}` for braces. State
                either this or `template`.
            to: The recipient, with its country code. State either this, `recipients` or `group`.
            traffic_type: The operator's own word for this kind of traffic.
            validity_s: Seconds that the messages are worth sending, from `send_at` or from now on.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/messages",
            body={"callback_url": callback_url, "class": class_, "client_reference": client_reference, "dry_run": dry_run, "from": from_, "group": group, "parameters": parameters, "pool": pool, "quiet_hours": quiet_hours, "recipients": recipients, "send_at": send_at, "send_at_local": send_at_local, "template": template, "text": text, "to": to, "traffic_type": traffic_type, "validity_s": validity_s}, idempotency_key=idempotency_key, once=True)
        answer: Union[QuoteBody, AcceptedBody] = self._call(request, {200: QuoteBody, 202: AcceptedBody})
        return answer

    def message_view(self, id: str) -> MessageView:
        """Shows a message with its attempts. The id is taken in every notation that any door hands out.

        Args:
            id: The message's id in any notation
        """
        request = Request("GET", "/api/v1/messages/{id}", path={"id": id})
        answer: MessageView = self._call(request, {200: MessageView})
        return answer

    def movement_export(
        self,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        format: Optional[str] = None,
    ) -> Iterator[str]:
        """Writes what moved the balance as a table, newest first, at most 1,000,000 rows.

        Args:
            since: At or after this time.
            until: Before this time.
            format: `csv`, which is the only form so far.
        """
        request = Request("GET", "/api/v1/exports/movements",
            query={"since": since, "until": until, "format": format})
        return self._lines(request)

    def movement_list(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> MovementPage:
        """Lists what moved the balance, newest first.

        Args:
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/movements",
            query={"cursor": cursor, "limit": limit})
        answer: MovementPage = self._call(request, {200: MovementPage})
        return answer

    def movement_list_all(self, *, limit: Optional[int] = None) -> Iterator[MovementView]:
        """Lists what moved the balance, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.movement_list(limit=limit, cursor=cursor))

    def number_check(self, id: str) -> NumberCheck:
        """Tells what is known of a number, without asking its network.

        Args:
            id: The number in any notation
        """
        request = Request("GET", "/api/v1/numbers/{id}", path={"id": id})
        answer: NumberCheck = self._call(request, {200: NumberCheck})
        return answer

    def own_number_change(self, id: str, *, route: str, webhook: Maybe[str] = UNSET) -> NumberItem:
        """Says where goes what is written to a number.

        Args:
            id: The number or short code
            route: `account`, `webhook`, `binds` or `keywords`.
            webhook: The id of the webhook; with the route `webhook` only.
        """
        request = Request("PATCH", "/api/v1/senders/numbers/{id}", path={"id": id},
            body={"route": route, "webhook": webhook})
        answer: NumberItem = self._call(request, {200: NumberItem})
        return answer

    def own_number_list(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> NumberPage:
        """Lists the numbers that the account holds.

        Args:
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/senders/numbers",
            query={"cursor": cursor, "limit": limit})
        answer: NumberPage = self._call(request, {200: NumberPage})
        return answer

    def own_number_list_all(self, *, limit: Optional[int] = None) -> Iterator[NumberItem]:
        """Lists the numbers that the account holds.

        Reads every page, one after the other, and gives what they hold.

        Args:
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.own_number_list(limit=limit, cursor=cursor))

    def own_number_view(self, id: str) -> NumberItem:
        """Shows one number that the account holds.

        Args:
            id: The number or short code
        """
        request = Request("GET", "/api/v1/senders/numbers/{id}", path={"id": id})
        answer: NumberItem = self._call(request, {200: NumberItem})
        return answer

    def pool_change(
        self,
        id: str,
        *,
        country_match: Maybe[bool] = UNSET,
        description: Maybe[str] = UNSET,
        members: Maybe[List[NewPoolMember]] = UNSET,
        name: Maybe[str] = UNSET,
        opt_out: Maybe[str] = UNSET,
        replies: Maybe[List[PoolReplyItem]] = UNSET,
        sticky: Maybe[bool] = UNSET,
    ) -> PoolItem:
        """Changes a pool; the next message is sent by it as it is then.

        Args:
            id: The id
            country_match: Whether numbers of the recipient's country go first; `true` for a new pool.
            description: What it is for, at most 200 characters.
            members: All senders.
            name: Another name, which no other pool of the account has: 1 to 64 characters.
            opt_out: `account` (for a new pool) or `pool`: what a phone that writes STOP wants no more
                of.
            replies: All answers to keywords.
            sticky: Whether a recipient hears from the sender that it heard from before; `true` for a
                new pool.
        """
        request = Request("PATCH", "/api/v1/pools/{id}", path={"id": id},
            body={"country_match": country_match, "description": description, "members": members, "name": name, "opt_out": opt_out, "replies": replies, "sticky": sticky})
        answer: PoolItem = self._call(request, {200: PoolItem})
        return answer

    def pool_create(
        self,
        *,
        name: str,
        country_match: Maybe[bool] = UNSET,
        description: Maybe[str] = UNSET,
        members: Maybe[List[NewPoolMember]] = UNSET,
        opt_out: Maybe[str] = UNSET,
        replies: Maybe[List[PoolReplyItem]] = UNSET,
        sticky: Maybe[bool] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> PoolItem:
        """Makes a pool of senders. A message that names it as `pool` gets one of them.

        Args:
            name: Its name, which no other pool of the account has: 1 to 64 characters.
            country_match: Whether numbers of the recipient's country go first; `true` when absent.
            description: What it is for, at most 200 characters.
            members: The senders.
            opt_out: `account` (when absent) or `pool`: what a phone that writes STOP wants no more of.
            replies: What phones are answered that write a keyword to one of the numbers.
            sticky: Whether a recipient hears from the sender that it heard from before; `true` when
                absent.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/pools",
            body={"name": name, "country_match": country_match, "description": description, "members": members, "opt_out": opt_out, "replies": replies, "sticky": sticky}, idempotency_key=idempotency_key, once=True)
        answer: PoolItem = self._call(request, {201: PoolItem})
        return answer

    def pool_list(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> PoolPage:
        """Lists pools, newest first.

        Args:
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/pools",
            query={"cursor": cursor, "limit": limit})
        answer: PoolPage = self._call(request, {200: PoolPage})
        return answer

    def pool_list_all(self, *, limit: Optional[int] = None) -> Iterator[PoolItem]:
        """Lists pools, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.pool_list(limit=limit, cursor=cursor))

    def pool_remove(self, id: str) -> None:
        """Takes a pool away. Phones that opted out of it stay on the suppression list.

        Args:
            id: The id
        """
        request = Request("DELETE", "/api/v1/pools/{id}", path={"id": id})
        self._call(request, {204: None})

    def pool_view(self, id: str) -> PoolItem:
        """Shows one pool.

        Args:
            id: The id
        """
        request = Request("GET", "/api/v1/pools/{id}", path={"id": id})
        answer: PoolItem = self._call(request, {200: PoolItem})
        return answer

    def price_list(self) -> Prices:
        """Lists what one part costs the account, by the beginning of the number."""
        request = Request("GET", "/api/v1/prices")
        answer: Prices = self._call(request, {200: Prices})
        return answer

    def quiet_hours_set(
        self,
        *,
        quiet_hours: Optional[QuietHoursBody],
        classes: Maybe[List[str]] = UNSET,
    ) -> QuietView:
        """Sets the quiet hours of the account, or takes them away. They hold from the next message on, for
        messages that state none of their own.

        Args:
            quiet_hours:
            classes: The classes of the messages that they are for; `transactional` and `bulk` when
                absent.
        """
        request = Request("PUT", "/api/v1/quiet-hours",
            body={"quiet_hours": quiet_hours, "classes": classes})
        answer: QuietView = self._call(request, {200: QuietView})
        return answer

    def quiet_hours_view(self) -> QuietView:
        """Shows the quiet hours of the account."""
        request = Request("GET", "/api/v1/quiet-hours")
        answer: QuietView = self._call(request, {200: QuietView})
        return answer

    def sender_list(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> SenderPage:
        """Lists senders, newest first.

        Args:
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/senders",
            query={"cursor": cursor, "limit": limit})
        answer: SenderPage = self._call(request, {200: SenderPage})
        return answer

    def sender_list_all(self, *, limit: Optional[int] = None) -> Iterator[SenderItem]:
        """Lists senders, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.sender_list(limit=limit, cursor=cursor))

    def sender_remove(self, id: str) -> None:
        """Takes a sender away, with its review.

        Args:
            id: The id
        """
        request = Request("DELETE", "/api/v1/senders/{id}", path={"id": id})
        self._call(request, {204: None})

    def sender_request(
        self,
        *,
        sender: str,
        countries: Maybe[List[str]] = UNSET,
        purpose: Maybe[str] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> SenderItem:
        """Asks the operator for a sender. It is `pending` until it was reviewed; where the operator wants
        senders approved, messages from it are refused until then.

        Args:
            sender: Up to 11 letters and digits, a number, or a short code.
            countries: The countries for which it is meant, by two letters each; all when absent.
            purpose: What it is for, at most 200 characters.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/senders",
            body={"sender": sender, "countries": countries, "purpose": purpose}, idempotency_key=idempotency_key, once=True)
        answer: SenderItem = self._call(request, {201: SenderItem})
        return answer

    def sender_view(self, id: str) -> SenderItem:
        """Shows one sender.

        Args:
            id: The id
        """
        request = Request("GET", "/api/v1/senders/{id}", path={"id": id})
        answer: SenderItem = self._call(request, {200: SenderItem})
        return answer

    def signature_list(
        self,
        *,
        cursor: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> SignaturePage:
        """Lists signatures, newest first.

        Args:
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/signatures",
            query={"cursor": cursor, "limit": limit})
        answer: SignaturePage = self._call(request, {200: SignaturePage})
        return answer

    def signature_list_all(self, *, limit: Optional[int] = None) -> Iterator[SignatureItem]:
        """Lists signatures, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.signature_list(limit=limit, cursor=cursor))

    def signature_remove(self, id: str) -> None:
        """Takes a signature away, with its review.

        Args:
            id: The id
        """
        request = Request("DELETE", "/api/v1/signatures/{id}", path={"id": id})
        self._call(request, {204: None})

    def signature_request(
        self,
        *,
        signature: str,
        purpose: Maybe[str] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> SignatureItem:
        """Asks the operator for a signature. It is `pending` until it was reviewed.

        Args:
            signature: 2 to 24 letters and digits, with blanks, dots and hyphens between them.
            purpose: What it stands for, at most 200 characters.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/signatures",
            body={"signature": signature, "purpose": purpose}, idempotency_key=idempotency_key, once=True)
        answer: SignatureItem = self._call(request, {201: SignatureItem})
        return answer

    def signature_view(self, id: str) -> SignatureItem:
        """Shows one signature.

        Args:
            id: The id
        """
        request = Request("GET", "/api/v1/signatures/{id}", path={"id": id})
        answer: SignatureItem = self._call(request, {200: SignatureItem})
        return answer

    def statistics_export(
        self,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        format: Optional[str] = None,
    ) -> Iterator[str]:
        """Writes traffic by day, country and state as a table.

        Args:
            since: At or after this time.
            until: Before this time.
            format: `csv`, which is the only form so far.
        """
        request = Request("GET", "/api/v1/exports/statistics",
            query={"since": since, "until": until, "format": format})
        return self._lines(request)

    def statistics_view(
        self,
        *,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        format: Optional[str] = None,
    ) -> Statistics:
        """Sums up traffic by day, country and state.

        Args:
            since: From the day of this time on; 30 days back when absent.
            until: Up to the day before this time's; today when absent.
            format: `json` (when absent), or `csv`.
        """
        request = Request("GET", "/api/v1/statistics",
            query={"since": since, "until": until, "format": format})
        answer: Statistics = self._call(request, {200: Statistics})
        return answer

    def sub_account_view(self, id: str) -> AccountItem:
        """Shows one account below the caller's.

        Args:
            id: The account's id
        """
        request = Request("GET", "/api/v1/accounts/{id}", path={"id": id})
        answer: AccountItem = self._call(request, {200: AccountItem})
        return answer

    def suppression_add(
        self,
        *,
        numbers: List[str],
        reason: Maybe[str] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> SuppressionsAdded:
        """Puts recipients on the list. The next message to each of them is refused, whatever its class.

        Args:
            numbers: The numbers, in any notation; each with its country code.
            reason: `manual` (when absent), `imported` or `complaint`.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/suppressions",
            body={"numbers": numbers, "reason": reason}, idempotency_key=idempotency_key, once=True)
        answer: SuppressionsAdded = self._call(request, {201: SuppressionsAdded})
        return answer

    def suppression_list(
        self,
        *,
        number: Optional[str] = None,
        cursor: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> SuppressionPage:
        """Lists the recipients that must not be messaged, newest first.

        Args:
            number: Of this number, in any notation.
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/suppressions",
            query={"number": number, "cursor": cursor, "limit": limit})
        answer: SuppressionPage = self._call(request, {200: SuppressionPage})
        return answer

    def suppression_list_all(
        self,
        *,
        number: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> Iterator[SuppressionItem]:
        """Lists the recipients that must not be messaged, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            number: Of this number, in any notation.
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.suppression_list(number=number, limit=limit, cursor=cursor))

    def suppression_remove(self, id: str) -> None:
        """Takes a number from the list, whatever has put it there. Do this only when the person behind it
        has agreed.

        Args:
            id: The number, in any notation
        """
        request = Request("DELETE", "/api/v1/suppressions/{id}", path={"id": id})
        self._call(request, {204: None})

    def suppression_view(self, id: str) -> SuppressionItem:
        """Shows why a number is on the list.

        Args:
            id: The number, in any notation
        """
        request = Request("GET", "/api/v1/suppressions/{id}", path={"id": id})
        answer: SuppressionItem = self._call(request, {200: SuppressionItem})
        return answer

    def template_change(
        self,
        id: str,
        *,
        examples: Maybe[Dict[str, str]] = UNSET,
        name: Maybe[str] = UNSET,
        submit: Maybe[bool] = UNSET,
        text: Maybe[str] = UNSET,
    ) -> TemplateItem:
        """Changes a template, or submits it. The version in force stays so until a newer one was approved.

        Args:
            id: The id
            examples: Other examples, all of them.
            name: Another name.
            submit: Whether the operator is asked to review it; another text stays a draft when absent.
            text: Another text.
        """
        request = Request("PATCH", "/api/v1/templates/{id}", path={"id": id},
            body={"examples": examples, "name": name, "submit": submit, "text": text})
        answer: TemplateItem = self._call(request, {200: TemplateItem})
        return answer

    def template_create(
        self,
        *,
        name: str,
        text: str,
        examples: Maybe[Dict[str, str]] = UNSET,
        submit: Maybe[bool] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> TemplateItem:
        """Makes a template. Messages can name it once the operator has approved it.

        Args:
            name: Its name, which no other template of the account has: 1 to 64 characters.
            text: The text; `{name}` is a placeholder, `{{` and `}}` stand for braces.
            examples: What stands for each placeholder, for example.
            submit: Whether the operator is asked to review it; it is a draft when absent.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/templates",
            body={"name": name, "text": text, "examples": examples, "submit": submit}, idempotency_key=idempotency_key, once=True)
        answer: TemplateItem = self._call(request, {201: TemplateItem})
        return answer

    def template_list(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> TemplatePage:
        """Lists templates, newest first.

        Args:
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/templates",
            query={"cursor": cursor, "limit": limit})
        answer: TemplatePage = self._call(request, {200: TemplatePage})
        return answer

    def template_list_all(self, *, limit: Optional[int] = None) -> Iterator[TemplateItem]:
        """Lists templates, newest first.

        Reads every page, one after the other, and gives what they hold.

        Args:
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.template_list(limit=limit, cursor=cursor))

    def template_remove(self, id: str) -> None:
        """Takes a template away, with its reviews.

        Args:
            id: The id
        """
        request = Request("DELETE", "/api/v1/templates/{id}", path={"id": id})
        self._call(request, {204: None})

    def template_view(self, id: str) -> TemplateItem:
        """Shows one template with its versions.

        Args:
            id: The id
        """
        request = Request("GET", "/api/v1/templates/{id}", path={"id": id})
        answer: TemplateItem = self._call(request, {200: TemplateItem})
        return answer

    def webhook_change(
        self,
        id: str,
        *,
        description: Maybe[str] = UNSET,
        enabled: Maybe[bool] = UNSET,
        events: Maybe[List[str]] = UNSET,
        url: Maybe[str] = UNSET,
    ) -> WebhookView:
        """Changes an address. Its id and its secret stay.

        Args:
            id: The address's id
            description: What you call it.
            enabled: Whether it is switched on.
            events: The events that it shall hear; null for all.
            url: The address.
        """
        request = Request("PATCH", "/api/v1/webhooks/{id}", path={"id": id},
            body={"description": description, "enabled": enabled, "events": events, "url": url})
        answer: WebhookView = self._call(request, {200: WebhookView})
        return answer

    def webhook_create(
        self,
        *,
        url: str,
        description: Maybe[str] = UNSET,
        enabled: Maybe[bool] = UNSET,
        events: Maybe[List[str]] = UNSET,
        kind: Maybe[str] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> WebhookView:
        """Makes an address that hears of all messages of the account. Its secret is shown once.

        Args:
            url: The address.
            description: What you call it.
            enabled: Whether it is switched on; true when absent.
            events: The events that it shall hear, e.g. `message.delivered`; all when absent.
            kind: `webhook` (when absent), or a dialect that tells in its own way.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/webhooks",
            body={"url": url, "description": description, "enabled": enabled, "events": events, "kind": kind}, idempotency_key=idempotency_key, once=True)
        answer: WebhookView = self._call(request, {201: WebhookView})
        return answer

    def webhook_deliveries(
        self,
        id: str,
        *,
        status: Optional[str] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        cursor: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> DeliveryPage:
        """Lists events of a webhook: what was told, what waits and what was given up.

        Args:
            id: The address's id
            status: Of which this became: `waiting` to be told, `told`, `dead` (given up), or `moot`
                (nothing to tell).
            since: Made at or after this time.
            until: Made before this time.
            cursor: `next_cursor` of the page before.
            limit: Items of the page.
        """
        request = Request("GET", "/api/v1/webhooks/{id}/deliveries", path={"id": id},
            query={"status": status, "since": since, "until": until, "cursor": cursor, "limit": limit})
        answer: DeliveryPage = self._call(request, {200: DeliveryPage})
        return answer

    def webhook_deliveries_all(
        self,
        id: str,
        *,
        status: Optional[str] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        limit: Optional[int] = None,
    ) -> Iterator[Delivery]:
        """Lists events of a webhook: what was told, what waits and what was given up.

        Reads every page, one after the other, and gives what they hold.

        Args:
            id: The address's id
            status: Of which this became: `waiting` to be told, `told`, `dead` (given up), or `moot`
                (nothing to tell).
            since: Made at or after this time.
            until: Made before this time.
            limit: Items of the page.
        """
        return self._pages(lambda cursor: self.webhook_deliveries(id, status=status, since=since, until=until, limit=limit, cursor=cursor))

    def webhook_export(
        self,
        id: str,
        *,
        status: Optional[str] = None,
        since: Optional[Moment] = None,
        until: Optional[Moment] = None,
        format: Optional[str] = None,
    ) -> Iterator[str]:
        """Writes events of a webhook as a table, newest first, at most 1,000,000: what was told, what waits
        and what was given up.

        Args:
            id: The address's id
            status: Of which this became: `waiting` to be told, `told`, `dead` (given up), or `moot`
                (nothing to tell).
            since: Made at or after this time.
            until: Made before this time.
            format: `csv`, which is the only form so far.
        """
        request = Request("GET", "/api/v1/exports/webhooks/{id}", path={"id": id},
            query={"status": status, "since": since, "until": until, "format": format})
        return self._lines(request)

    def webhook_list(self) -> WebhookList:
        """Lists the addresses at which events are told."""
        request = Request("GET", "/api/v1/webhooks")
        answer: WebhookList = self._call(request, {200: WebhookList})
        return answer

    def webhook_remove(self, id: str) -> None:
        """Takes an address away. What waits for it is told nowhere.

        Args:
            id: The address's id
        """
        request = Request("DELETE", "/api/v1/webhooks/{id}", path={"id": id})
        self._call(request, {204: None})

    def webhook_replay(
        self,
        id: str,
        *,
        event: Maybe[str] = UNSET,
        since: Maybe[Moment] = UNSET,
        status: Maybe[str] = UNSET,
        until: Maybe[Moment] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> Replayed:
        """Tells events of a webhook again. One that nobody took keeps its id; one that was taken comes as
        another event.

        Args:
            id: The address's id
            event: This one.
            since: Those made at or after this time.
            status: Those of which this became: `waiting`, `told` or `dead`.
            until: Those made before this time.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/webhooks/{id}/replay", path={"id": id},
            body={"event": event, "since": since, "status": status, "until": until}, idempotency_key=idempotency_key, once=True)
        answer: Replayed = self._call(request, {200: Replayed})
        return answer

    def webhook_rotate(
        self,
        id: str,
        *,
        overlap_s: Maybe[int] = UNSET,
        idempotency_key: Optional[str] = None,
    ) -> WebhookView:
        """Gives an address another secret, which is shown once. The one before signs beside it for a while.

        Args:
            id: The address's id
            overlap_s: Seconds for which the secret before stays good beside the new one; a day when
                absent.
            idempotency_key: Done once under this key; a new one is made when absent, so that retries do
                no harm.
        """
        request = Request("POST", "/api/v1/webhooks/{id}/rotate", path={"id": id},
            body={"overlap_s": overlap_s}, is_body_optional=True, idempotency_key=idempotency_key, once=True)
        answer: WebhookView = self._call(request, {200: WebhookView})
        return answer

    def webhook_set_default(self, *, url: Optional[str], kind: Maybe[str] = UNSET) -> DefaultWebhook:
        """Sets the address of messages that state none, or none at all. One that was switched off is
        switched on again.

        Args:
            url: The address; null for none.
            kind: `webhook` (when absent), or a dialect that tells in its own way.
        """
        request = Request("PUT", "/api/v1/webhooks/default",
            body={"url": url, "kind": kind})
        answer: DefaultWebhook = self._call(request, {200: DefaultWebhook})
        return answer

    def webhook_test(self, id: str) -> TestView:
        """Calls a webhook once with an event of the type `webhook.test`, and says how it answered. Nothing
        is kept: the same request again is another call.

        Args:
            id: The address's id
        """
        request = Request("POST", "/api/v1/webhooks/{id}/test", path={"id": id})
        answer: TestView = self._call(request, {200: TestView})
        return answer

    def webhook_view(self, id: str) -> WebhookView:
        """Shows one address.

        Args:
            id: The address's id
        """
        request = Request("GET", "/api/v1/webhooks/{id}", path={"id": id})
        answer: WebhookView = self._call(request, {200: WebhookView})
        return answer
