"""A customer's web server: the Standard Webhooks library for Python, which we have not written, verifies
what it is told.

It makes a webhook, has it tried out, sends a message, rotates the secret, and sends another one. Exits with
0 when every call verified by every secret that was good, and by no other; otherwise it says what was wrong
and exits with 1.
"""

import argparse
import base64
import http.server
import json
import sys
import threading
import time
import urllib.error
import urllib.request

from standardwebhooks import Webhook, WebhookVerificationError

CALL_LIMIT_S = 30
ELSEWHERE = "whsec_" + base64.b64encode(b"a secret of somebody else").decode()


class Mismatch(Exception):
    """What was seen is not what the standard or our promise says."""


def demand(condition, text):
    if not condition:
        raise Mismatch(text)


class Listener:
    """Takes calls; those to `/away` are answered with a redirect."""

    def __init__(self):
        self.calls = []
        self.arrived = threading.Condition()
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with listener.arrived:
                    listener.calls.append((self.path, dict(self.headers.items()), body))
                    listener.arrived.notify_all()
                self.send_response(307 if self.path == "/away" else 204)
                if self.path == "/away":
                    self.send_header("Location", listener.url("/elsewhere"))
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def wait(self, count):
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.calls) >= count, CALL_LIMIT_S)
            demand(len(self.calls) >= count, f"{len(self.calls)} of {count} calls came")
            return list(self.calls)


class Api:
    def __init__(self, address, key, secret):
        self.base = f"http://{address}/api/v1"
        self.authorization = f"Bearer {key}.{secret}"

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": self.authorization, "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=CALL_LIMIT_S) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Mismatch(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def send(self, text):
        return self.ask("POST", "/messages", {"from": "Chappe", "to": "+447400123456", "text": text})


def verifies(secret, headers, body):
    try:
        Webhook(secret).verify(body, headers)
        return True
    except WebhookVerificationError:
        return False


def check(call, good, bad):
    _, headers, body = call
    for secret in good:
        demand(verifies(secret, headers, body), f"the call {headers['webhook-id']} does not verify")
        demand(not verifies(secret, headers, body + b" "), "a changed body verifies")
        later = dict(headers, **{"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)})
        demand(not verifies(secret, later, body), "another time verifies")
    for secret in bad:
        demand(not verifies(secret, headers, body), "a secret that is not good verifies")


def play(address, key, secret):
    api, listener = Api(address, key, secret), Listener()
    made = api.ask("POST", "/webhooks", {"url": listener.url("/hook")})
    first, path = made["secret"], f"/webhooks/{made['id']}"
    demand(api.ask("POST", path + "/test")["taken"], "the test was not taken")
    api.send("verified by a library that we have not written")
    calls = listener.wait(3)
    demand([json.loads(body)["type"] for _, _, body in calls]
           == ["webhook.test", "message.submitted", "message.delivered"], "other events came")
    for call in calls:
        check(call, [first], [ELSEWHERE])

    second = api.ask("POST", path + "/rotate", {"overlap_s": 3600})["secret"]
    api.send("signed by both secrets")
    for call in listener.wait(5)[3:]:
        check(call, [first, second], [ELSEWHERE])
    third = api.ask("POST", path + "/rotate", {"overlap_s": 0})["secret"]
    api.send("signed by the newest alone")
    for call in listener.wait(7)[5:]:
        check(call, [third], [first, second, ELSEWHERE])

    away = api.ask("POST", "/webhooks", {"url": listener.url("/away")})
    tried = api.ask("POST", f"/webhooks/{away['id']}/test")
    demand(not tried["taken"] and tried["status"] == 307, "a redirect was taken for an answer")
    time.sleep(0.5)
    demand(all(path != "/elsewhere" for path, _, _ in listener.calls), "a redirect was followed")
    print(f"standardwebhooks verified {len(calls) + 4} calls")


def main():
    parser = argparse.ArgumentParser()
    for name in ("--address", "--key", "--secret"):
        parser.add_argument(name, required=True)
    arguments = parser.parse_args()
    try:
        play(arguments.address, arguments.key, arguments.secret)
    except Mismatch as mismatch:
        print(mismatch, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
