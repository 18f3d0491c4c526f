"""Sends one message and many, reads a state, lists, and shows what a refusal looks like.

Needs nothing but Python 3.9: CHAPPE_URL=https://… CHAPPE_KEY=KEY.SECRET python3 send.py [NUMBER]
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL, KEY = os.environ["CHAPPE_URL"].rstrip("/"), os.environ["CHAPPE_KEY"]
OPEN_STATES = {"scheduled", "queued", "sending", "unknown", "submitted"}
TRIES = 6


class Refused(Exception):
    """The platform said no; `problem` says why."""

    def __init__(self, problem):
        super().__init__(f"{problem['code']}: {problem['detail']}")
        self.problem = problem


def ask(method, path, body=None, once=None):
    """Asks, and asks again when that helps. `once` is the Idempotency-Key: without one, do not repeat a POST."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    if once is not None:
        headers["Idempotency-Key"] = once
    data = None if body is None else json.dumps(body).encode()
    pause = 1
    for tries_left in reversed(range(TRIES)):
        request = urllib.request.Request(URL + "/api/v1" + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            # A refusal: nothing was done. Where waiting helps, it says how long.
            wait = error.headers.get("Retry-After")
            problem = json.load(error)
            if wait is None or tries_left == 0:
                raise Refused(problem) from None
            time.sleep(float(wait))
        except (OSError, http.client.HTTPException):
            # No answer: nobody knows whether it was taken. The same key asks without sending twice.
            if tries_left == 0 or (method == "POST" and once is None):
                raise
            time.sleep(pause)
            pause *= 2


def main():
    to = sys.argv[1] if len(sys.argv) > 1 else "+447400123456"

    # One message. The key is yours, e.g. the number of an order; keep it until you have an answer.
    one = {"from": "ACME", "to": to, "text": "Your table is ready.", "client_reference": "order-4711"}
    [message] = ask("POST", "/messages", one, once=f"order-4711-{uuid.uuid4()}")["messages"]
    print(f"accepted {message['id']} for {message['price']['amount']} {message['price']['unit']}")

    # Many messages: all are taken or none.
    many = {"from": "ACME", "recipients": [to, {"to": "+33612345678", "client_reference": "b"}], "text": "Hello"}
    print(f"accepted {len(ask('POST', '/messages', many, once=str(uuid.uuid4()))['messages'])} messages")

    # What became of it? A webhook tells the same without asking.
    for _ in range(60):
        state = ask("GET", f"/messages/{message['id']}")["state"]
        if state not in OPEN_STATES:
            break
        time.sleep(1)
    print(f"state {state}")

    # The list, page by page, newest first.
    count, cursor = 0, None
    while count < 10:
        page = ask("GET", "/messages?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        count, cursor = count + len(page["items"]), page["next_cursor"]
        if cursor is None:
            break
    print(f"listed {count} messages")

    # A refusal has a stable code and costs nothing.
    try:
        ask("POST", "/messages", {"from": "ACME", "to": "12", "text": "Hello"})
    except Refused as refused:
        print(f"refused {refused}")


if __name__ == "__main__":
    main()
