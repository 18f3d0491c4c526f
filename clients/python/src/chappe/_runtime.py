"""How requests are made: addresses and bodies, retries, and answers as dataclasses.

The generated operations say what to ask; everything about asking is here. Start at `Runtime`.
"""

from __future__ import annotations

import email.utils
import functools
import http.client
import json
import random
import ssl
import time
import typing
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, fields, is_dataclass
from dataclasses import field as dataclass_field
from datetime import datetime, timezone
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, TypeVar, Union

from .errors import ChappeError, Unanswered, UnexpectedAnswer, refusal

VERSION = "0.1.0"
#: The most octets of an answer that is read whole.
ANSWER_OCTETS_MAX = 64 * 1024 * 1024
#: The most octets of a line of a table.
LINE_OCTETS_MAX = 1024 * 1024
#: The pause before the first retry when the platform does not say how long; it doubles each time.
FIRST_PAUSE_S = 0.5
#: Statuses that somebody between here and the platform gives when it cannot be reached.
UNREACHED = (502, 503, 504)


class Unset:
    """What was not said. `None` says null."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()
T = TypeVar("T")
#: A value, null, or nothing said.
Maybe = Union[T, None, Unset]
#: A time: with a zone, or as the API writes it.
Moment = Union[datetime, str]


@dataclass
class Request:
    """One request, before it is written."""

    method: str
    route: str
    path: Dict[str, str] = dataclass_field(default_factory=dict)
    query: Dict[str, Any] = dataclass_field(default_factory=dict)
    body: Optional[Dict[str, Any]] = None
    is_body_optional: bool = False
    idempotency_key: Optional[str] = None
    once: bool = False
    is_own_key: bool = False

    def __post_init__(self) -> None:
        if self.once and not self.is_own_key and self.idempotency_key is None:
            self.idempotency_key = str(uuid.uuid4())

    @property
    def is_repeatable(self) -> bool:
        """Whether doing it again does no more than doing it once."""
        return self.once or self.method in ("GET", "PUT", "PATCH", "DELETE")

    def address(self, base: str) -> str:
        route = self.route
        for name, value in self.path.items():
            route = route.replace("{" + name + "}", urllib.parse.quote(str(value), safe=""))
        asked = [(name, plain(value)) for name, value in self.query.items() if value is not None]
        pairs = [(name, one) for name, value in asked for one in (value if isinstance(value, list) else [value])]
        return base + route + ("?" + urllib.parse.urlencode([(name, worded(one)) for name, one in pairs]) if pairs else "")

    def octets(self) -> Optional[bytes]:
        if self.body is None:
            return None
        said = {name: plain(value) for name, value in self.body.items() if value is not UNSET}
        if not said and self.is_body_optional:
            return None
        return json.dumps(said, ensure_ascii=False).encode()


def worded(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        named = ((one.metadata.get("name", one.name), getattr(value, one.name)) for one in fields(value))
        return {name: plain(held) for name, held in named if held is not None}
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs a zone, e.g. datetime.now(timezone.utc)")
        return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(name): plain(held) for name, held in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(held) for held in value]
    return value


@functools.lru_cache(maxsize=None)
def hints_of(kind: Any) -> Dict[str, Any]:
    """The types of a dataclass's fields; there are as many as the document has schemas."""
    return typing.get_type_hints(kind)


def read(kind: Any, value: Any) -> Any:
    """A value of JSON as what the document says it is. Members that are not known are left out, so that a
    newer platform can be spoken to."""
    origin = typing.get_origin(kind)
    if origin is Union:
        choices = [one for one in typing.get_args(kind) if one is not type(None)]
        if value is None:
            return None
        if len(choices) == 1:
            return read(choices[0], value)
        fitting = [one for one in choices if is_dataclass(one) == isinstance(value, dict)]
        return read(fitting[0], value) if fitting else value
    if origin is list and isinstance(value, list):
        return [read(typing.get_args(kind)[0], one) for one in value]
    if origin is dict and isinstance(value, dict):
        return {name: read(typing.get_args(kind)[1], one) for name, one in value.items()}
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, dict):
        hints = hints_of(kind)
        named = {one.name: one.metadata.get("name", one.name) for one in fields(kind)}
        try:
            return kind(**{own: read(hints[own], value[wire]) for own, wire in named.items() if wire in value})
        except TypeError as error:
            raise UnexpectedAnswer(f"the answer is no {kind.__name__}: {error}") from error
    if kind is datetime and isinstance(value, str):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and isinstance(value, kind):
        return value
    raise UnexpectedAnswer(f"the answer has {type(value).__name__} where {kind} should be")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The platform redirects nobody; to follow one would give the key away."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Runtime:
    """Makes requests, again where that helps and does no harm.

    A request is repeated after a refusal that says when to come back (`Retry-After`, as with
    `rate_limited`), and after an answer that did not come, if doing it twice does no more than doing it
    once: everything but a POST without a key of idempotency. It gives up after `retries`, or at once when
    it would have to wait for longer than `longest_wait_s`.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_s: float = 30.0,
        retries: int = 4,
        longest_wait_s: float = 60.0,
        ssl_context: Optional[ssl.SSLContext] = None,
        account: Optional[str] = None,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("url must begin with http:// or https://")
        pair = key.replace(":", ".", 1)
        if "." not in pair or not pair.isascii() or not pair.isprintable():
            raise ValueError("key must be KEY.SECRET or KEY:SECRET")
        self._base = url.rstrip("/").removesuffix("/api/v1")
        self._authorization = f"Bearer {pair}"
        self._account = account
        self._timeout_s, self._retries, self._longest_wait_s = timeout_s, retries, longest_wait_s
        handlers: List[Any] = [_NoRedirects()]
        if ssl_context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=ssl_context))
        self._opener = urllib.request.build_opener(*handlers)
        self._sleep: Callable[[float], None] = time.sleep

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._base}>"

    def _call(self, request: Request, answers: Dict[int, Any]) -> Any:
        with self._open(request) as response:
            status = response.status
            octets = self._octets(request, response)
        if status not in answers:
            raise UnexpectedAnswer(f"{request.method} {request.route} was answered with {status}")
        if answers[status] is None:
            return None
        try:
            value = json.loads(octets)
        except ValueError as error:
            raise UnexpectedAnswer(f"{request.method} {request.route} was not answered in JSON") from error
        return read(answers[status], value)

    def _lines(self, request: Request) -> Iterator[str]:
        """The lines of a table, as they are written. Not repeated once the first has come."""
        response = self._open(request)

        def lines() -> Iterator[str]:
            with response:
                while True:
                    try:
                        line = response.readline(LINE_OCTETS_MAX)
                    except (OSError, http.client.HTTPException) as error:
                        raise Unanswered(f"the table broke off: {error}") from error
                    if not line:
                        return
                    if not line.endswith(b"\n"):
                        raise Unanswered("the table broke off in the middle of a line")
                    yield line.decode().rstrip("\r\n")

        return lines()

    def _pages(self, ask: Callable[[Optional[str]], Any]) -> Iterator[Any]:
        cursor: Optional[str] = None
        while True:
            page = ask(cursor)
            yield from page.items
            if page.next_cursor is None:
                return
            if page.next_cursor == cursor:
                raise UnexpectedAnswer("the list does not go on")
            cursor = page.next_cursor

    def _octets(self, request: Request, response: Any) -> bytes:
        try:
            octets: bytes = response.read(ANSWER_OCTETS_MAX + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(f"the answer broke off: {error}", request.idempotency_key) from error
        if len(octets) > ANSWER_OCTETS_MAX:
            raise UnexpectedAnswer(f"the answer has more than {ANSWER_OCTETS_MAX} octets")
        return octets

    def _open(self, request: Request) -> Any:
        """Asks until there is an answer that is no refusal, or no sense in asking again."""
        tries_left, pause = self._retries, FIRST_PAUSE_S
        while True:
            try:
                return self._try(request)
            except ChappeError as error:
                wait = self._wait(request, error, pause)
                if tries_left <= 0 or wait is None or wait > self._longest_wait_s:
                    raise
            # A little chance keeps many clients from coming back in one moment.
            self._sleep(wait * (1 + random.random() / 5))
            tries_left, pause = tries_left - 1, pause * 2

    def _wait(self, request: Request, error: ChappeError, pause: float) -> Optional[float]:
        """Seconds after which to ask again; none when that makes no sense."""
        if isinstance(error, Unanswered):
            return pause if request.is_repeatable else None
        after = getattr(error, "retry_after", None)
        if after is not None:
            # A refusal of the platform's own: nothing was done, so that anything may be repeated.
            return float(after)
        return pause if getattr(error, "status", 0) in UNREACHED and request.is_repeatable else None

    def _try(self, request: Request) -> Any:
        body = request.octets()
        headers = {
            "Authorization": self._authorization,
            "Accept": "application/json, text/csv, application/problem+json",
            "User-Agent": f"chappe-python/{VERSION}",
        }
        if self._account is not None:
            headers["Chappe-Account"] = self._account
        if body is not None:
            headers["Content-Type"] = "application/json"
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        asked = urllib.request.Request(request.address(self._base), data=body, headers=headers, method=request.method)
        try:
            return self._opener.open(asked, timeout=self._timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(request, error) from None
        except (OSError, http.client.HTTPException) as error:
            message = f"{request.method} {request.route} was not answered: {error}"
            raise Unanswered(message, request.idempotency_key) from error

    def _refused(self, request: Request, answer: urllib.error.HTTPError) -> ChappeError:
        octets = self._octets(request, answer)
        try:
            problem = json.loads(octets)
        except ValueError:
            problem = None
        if not isinstance(problem, dict) or "code" not in problem:
            if answer.code not in UNREACHED:
                return UnexpectedAnswer(f"{request.method} {request.route} was answered with {answer.code}")
            problem = {"code": "unavailable", "detail": f"something before the platform answered {answer.code}"}
        stated = seconds_of(answer.headers.get("Retry-After"))
        if stated is not None:
            problem = {**problem, "retry_after": stated}
        return refusal(answer.code, problem, answer.headers.get("X-Request-Id"))


def seconds_of(retry_after: Optional[str]) -> Optional[float]:
    """`Retry-After` in seconds (RFC 9110, section 10.2.3): a number, or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
