"""Verifies what the platform tells a webhook, after Standard Webhooks.

The body must be given exactly as it came: a body that was parsed and written again has another signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Dict, Iterable, Mapping, Optional, Union

from .errors import ChappeError, UnexpectedAnswer

#: How far a call's time may be from ours, either way; an older call may be a copy.
TOLERANCE_S = 300


class SignatureMismatch(ChappeError):
    """The call is not signed with this secret, or too old. Answer it with 401 and forget it."""


@dataclass(frozen=True)
class Event:
    """What the platform tells."""

    #: Its id; the same whenever it is told again. Remember it, and drop what you know.
    id: str
    #: E.g. `message.delivered` or `inbound.received`.
    type: str
    #: When it happened.
    timestamp: datetime
    #: What happened; see the page of webhooks for its members.
    data: Dict[str, Any]


def verify(
    secret: Union[str, Iterable[str]],
    headers: Mapping[str, str],
    body: Union[bytes, str],
    *,
    tolerance_s: float = TOLERANCE_S,
    now: Optional[float] = None,
) -> Event:
    """Checks the signature of a call and gives what it tells.

    Args:
        secret: The webhook's secret, `whsec_…`; several while one is being replaced.
        headers: The call's headers, in any case.
        body: The call's body, exactly as it came.
        tolerance_s: How far the call's time may be from ours.
        now: Seconds since 1970, for tests.

    Raises:
        SignatureMismatch: It was not signed with the secret, or it is too old.
        UnexpectedAnswer: It is signed, and is no event.
    """
    octets = body.encode() if isinstance(body, str) else bytes(body)
    named = {str(name).lower(): value for name, value in headers.items()}
    try:
        event_id, stamp = named["webhook-id"], named["webhook-timestamp"]
        given = [one[3:] for one in named["webhook-signature"].split() if one.startswith("v1,")]
    except KeyError as missing:
        raise SignatureMismatch(f"the header {missing} is missing") from None
    if not stamp.isascii() or not stamp.isdigit() or abs((time.time() if now is None else now) - int(stamp)) > tolerance_s:
        raise SignatureMismatch("the call is too old, or from the future")
    signed = b".".join([event_id.encode(), stamp.encode(), octets])
    expected = [_signature(one, signed) for one in ([secret] if isinstance(secret, str) else secret)]
    # Every pair is compared, so that the time that it takes does not tell which one fits.
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in given]
    if not any(matches):
        raise SignatureMismatch("no signature of the call is by this secret")
    try:
        told = json.loads(octets)
        happened = datetime.fromisoformat(told["timestamp"].replace("Z", "+00:00"))
        return Event(event_id, told["type"], happened, told["data"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnexpectedAnswer("the call is signed, and is no event") from error


def _signature(secret: str, signed: bytes) -> str:
    try:
        key = base64.b64decode(secret[6:] if secret.startswith("whsec_") else secret, validate=True)
    except binascii.Error as error:
        raise ValueError("the secret must be whsec_ and base64") from error
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
