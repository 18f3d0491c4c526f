"""The official client of Chappe, a communications platform: send messages and follow them.

Start at `Client`; `webhooks.verify` checks what the platform tells a webhook.
"""

from . import models, webhooks
from ._runtime import UNSET, VERSION
from .client import Client, StillOpen
from .errors import (
    ChappeError,
    Conflict,
    Forbidden,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRequest,
    NotFound,
    Refused,
    RefusedItem,
    TooManyRequests,
    Unanswered,
    Unavailable,
    UnexpectedAnswer,
    Unprocessable,
)
from .webhooks import Event, SignatureMismatch

__version__ = VERSION
__all__ = [
    "UNSET",
    "ChappeError",
    "Client",
    "Conflict",
    "Event",
    "Forbidden",
    "InsufficientBalance",
    "InvalidCredentials",
    "InvalidRequest",
    "NotFound",
    "Refused",
    "RefusedItem",
    "SignatureMismatch",
    "StillOpen",
    "TooManyRequests",
    "Unanswered",
    "Unavailable",
    "UnexpectedAnswer",
    "Unprocessable",
    "models",
    "webhooks",
]
