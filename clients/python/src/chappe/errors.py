"""What can go wrong. Everything that this package raises is a `ChappeError`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple


class ChappeError(Exception):
    """Anything that went wrong between here and the platform."""


class Unanswered(ChappeError):
    """No answer came: nobody knows whether the request was carried out.

    Repeat it with the same `idempotency_key` to find out without doing it twice.
    """

    def __init__(self, message: str, idempotency_key: Optional[str] = None) -> None:
        super().__init__(message)
        #: The key that the request was made with.
        self.idempotency_key = idempotency_key


class UnexpectedAnswer(ChappeError):
    """The answer is not one that the platform gives; something between here and there may have made it."""


@dataclass(frozen=True)
class RefusedItem:
    """What is wrong with one message of a submission."""

    #: The place among the recipients, counted from zero.
    index: int
    #: The stable code.
    code: str
    #: What is wrong.
    detail: str
    #: The field, as it was written.
    field: Optional[str] = None


class Refused(ChappeError):
    """The platform said no, and why. Nothing was done, kept or charged.

    `code` is stable and made for programmes, `detail` for people. Each code has a page: see `page`.
    """

    def __init__(self, status: int, problem: Dict[str, Any], request_id: Optional[str] = None) -> None:
        #: The stable code, e.g. `invalid_destination`.
        self.code: str = str(problem.get("code", ""))
        #: The HTTP status.
        self.status = status
        #: The code in words; always the same for one code.
        self.title: str = str(problem.get("title", ""))
        #: What is wrong with this request.
        self.detail: str = str(problem.get("detail", ""))
        #: The field or parameter that it is about.
        self.field: Optional[str] = problem.get("field")
        #: Seconds after which the same request may be taken.
        self.retry_after: Optional[float] = problem.get("retry_after")
        #: The page that explains the code.
        self.page: str = str(problem.get("type", ""))
        #: Quote it when you ask the operator.
        self.request_id = request_id
        #: What is wrong with each message of a submission.
        self.errors: Tuple[RefusedItem, ...] = tuple(
            RefusedItem(int(one["index"]), str(one["code"]), str(one["detail"]), one.get("field"))
            for one in problem.get("errors", ())
        )
        place = f" ({self.field})" if self.field else ""
        super().__init__(f"{self.code}{place}: {self.detail}")


class InvalidRequest(Refused):
    """The request is not of the documented shape (400, 405, 413, 415)."""


class InvalidCredentials(Refused):
    """The key or the secret is wrong (401)."""


class InsufficientBalance(Refused):
    """The balance does not cover the price (402)."""


class Forbidden(Refused):
    """The key may not do this, or the account may not send (403)."""


class NotFound(Refused):
    """There is nothing by this id (404)."""


class Conflict(Refused):
    """It conflicts with what is going on, e.g. `too_late` (409)."""


class Unprocessable(Refused):
    """The request can be read, but not be done as it stands, e.g. `invalid_destination` (422)."""


class TooManyRequests(Refused):
    """It was too fast, or the same text just went to this number (429)."""


class Unavailable(Refused):
    """The platform cannot take it now (500 and above)."""


_BY_STATUS = {
    401: InvalidCredentials,
    402: InsufficientBalance,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Unprocessable,
    429: TooManyRequests,
}


def refusal(status: int, problem: Dict[str, Any], request_id: Optional[str]) -> Refused:
    """The exception of a refusal."""
    kind = Unavailable if status >= 500 else _BY_STATUS.get(status, InvalidRequest)
    return kind(status, problem, request_id)
