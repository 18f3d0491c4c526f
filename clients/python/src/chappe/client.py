"""The client: the generated operations, and what one wants every day in fewer words. Start at `Client`."""

from __future__ import annotations

import os
import time
from typing import Any, Mapping, Optional, Sequence, Union, cast

from .errors import ChappeError
from .models import AcceptedBody, MessageView, QuoteBody, RecipientObject
from .operations import Operations

#: States that are no ends; a message in any other has come to its end.
OPEN_STATES = frozenset(["accepted", "scheduled", "queued", "sending", "unknown", "submitted"])

Recipient = Union[str, RecipientObject]


class StillOpen(ChappeError):
    """The message had not come to its end when the time was over."""


class Client(Operations):
    """Sends messages and follows them.

    One client may be used by many threads.

        client = Client("https://sms.example.com", "KEY.SECRET")
        sent = client.send("+447400123456", "Your table is ready.", from_="ACME")
        print(sent.messages[0].id)

    Args:
        url: The address of the platform.
        key: The API key and its secret, `KEY.SECRET`.
        timeout_s: How long one answer may take.
        retries: How often a request is repeated at the most.
        longest_wait_s: A refusal that asks for a longer wait is raised at once.
        ssl_context: Whom to trust, where that is not what the system trusts.
        account: The id of an account below the key's own for which everything is done; the key needs the
            scope `accounts`.
    """

    @classmethod
    def from_environment(cls, environment: Optional[Mapping[str, str]] = None, **options: Any) -> Client:
        """A client of `CHAPPE_URL` and `CHAPPE_KEY`."""
        values = os.environ if environment is None else environment
        missing = [name for name in ("CHAPPE_URL", "CHAPPE_KEY") if not values.get(name)]
        if missing:
            raise ValueError(f"the environment has no {' and no '.join(missing)}")
        return cls(values["CHAPPE_URL"], values["CHAPPE_KEY"], **options)

    def send(self, to: Union[Recipient, Sequence[Recipient]], text: str, *, from_: str, **options: Any) -> AcceptedBody:
        """Sends a text to one recipient or several; all messages are taken or none.

        `options` are the other arguments of `message_submit`.
        """
        if options.get("dry_run") is True:
            raise ValueError("ask `quote` for the price")
        return cast(AcceptedBody, self.message_submit(from_=from_, text=text, **_addressed(to), **options))

    def quote(self, to: Union[Recipient, Sequence[Recipient]], text: str, *, from_: str, **options: Any) -> QuoteBody:
        """What sending would cost; nothing is sent."""
        options["dry_run"] = True
        return cast(QuoteBody, self.message_submit(from_=from_, text=text, **_addressed(to), **options))

    def wait(self, id: str, *, limit_s: float = 60.0, every_s: float = 0.5) -> MessageView:
        """Asks for a message until it has come to its end. A webhook tells the same without asking.

        Raises:
            StillOpen: It had not when `limit_s` were over.
        """
        end = time.monotonic() + limit_s
        while True:
            message = self.message_view(id)
            if message.state not in OPEN_STATES:
                return message
            if time.monotonic() >= end:
                raise StillOpen(f"message {id} is still {message.state} after {limit_s:g} s")
            self._sleep(every_s)


def _addressed(to: Union[Recipient, Sequence[Recipient]]) -> Any:
    if isinstance(to, str):
        return {"to": to}
    return {"recipients": [to] if isinstance(to, RecipientObject) else list(to)}
