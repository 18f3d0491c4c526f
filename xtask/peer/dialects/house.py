"""What the stories of dialects share: the platform that they talk to, a phone, and a web server that listens."""

import argparse
import http.client
import http.server
import threading
import time
import urllib.parse
import urllib.request

LIMIT_S = 30
PHONE = "+447400123456"
NUMBER = "+447400999000"


class Mismatch(Exception):
    """What was seen is not what the dialect or our page says."""


def demand(condition, text):
    if not condition:
        raise Mismatch(text)


def until(what, look):
    """Waits for something that comes to be."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise Mismatch(f"{what} did not come within {LIMIT_S} s")


class Listener:
    """Takes calls; `answers` has what each path is answered with."""

    def __init__(self):
        self.calls = []
        self.answers = {}
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                listener.calls.append((self.path, dict(self.headers.items()), body))
                answer = listener.answers.get(self.path.split("?")[0], b"")
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def at(self, path):
        return [call for call in list(self.calls) if call[0].split("?")[0] == path]


class Platform:
    """The platform: its addresses and credentials, its own API, and the phones of its sandbox."""

    def __init__(self, arguments):
        self.__dict__.update(vars(arguments))
        self.cookie = ""

    def native(self, method, path, body):
        request = urllib.request.Request(f"http://{self.http}/api/v1{path}", body.encode(), method=method)
        request.add_header("Authorization", f"Bearer {self.key}.{self.secret}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return answer.read()

    def sign_in(self):
        cookie = self._form("/sign-in", {"email": self.email, "password": self.password})["set-cookie"]
        self.cookie = cookie.split(";")[0]

    def phone_writes(self, text):
        self._form(f"/phones/{PHONE[1:]}/answer", {"to": NUMBER[1:], "text": text})

    def _form(self, path, fields):
        console = http.client.HTTPConnection(self.http, timeout=LIMIT_S)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self.http}"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        console.request("POST", path, urllib.parse.urlencode(fields), headers)
        answer = console.getresponse()
        demand(answer.status == 303, f"{path} was answered with {answer.status}")
        return answer.headers


def play(story):
    """Reads the options, plays the story, and says what was wrong."""
    parser = argparse.ArgumentParser()
    for name in ("http", "https", "ca", "account", "key", "secret", "email", "password"):
        parser.add_argument(f"--{name}", required=True)
    story(Platform(parser.parse_args()))
