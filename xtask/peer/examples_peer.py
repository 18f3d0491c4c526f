"""Runs the examples of the manual against a platform, in the languages that are named, as a customer would.

Between an example that sends and the platform stands a troublesome network: the first request with an
Idempotency-Key is refused with Retry-After, the answer to the second is lost, and only the third comes through. The
message must be sent once all the same. An example that takes webhooks must take what is signed and nothing else.
Exits with 0 when every example did what its page says; otherwise it says what was wrong and exits with 1.
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "integrate" / "examples"
RUN_LIMIT_S = 180
START_LIMIT_S = 90
CALL_LIMIT_S = 30
MESSAGES = "/api/v1/messages"

SENDING = {
    "curl": ["sh", "curl/send.sh"],
    "python": [sys.executable, "-B", "python/send.py"],
    "node": ["node", "node/send.mjs"],
    "php": ["php", "php/send.php"],
    "go": ["go", "run", "go/send.go"],
    "java": ["java", "java/Send.java"],
}
LISTENING = {
    "python": [sys.executable, "-B", "python/webhook.py"],
    "node": ["node", "node/webhook.mjs"],
    "php": ["php", "-S", "127.0.0.1:{port}", "php/webhook.php"],
    "go": ["go", "run", "go/webhook.go"],
    "java": ["java", "java/Webhook.java"],
}
BINDING = {
    "python": [sys.executable, "-B", "smpp/send.py"],
    "node": ["node", "smpp/send.js"],
}
# The one that keeps nothing from one call to the next.
FORGETFUL = {"php"}


class Mismatch(Exception):
    """An example does not do what its page says."""


def demand(condition, text):
    if not condition:
        raise Mismatch(text)


class Network:
    """Hands requests on to the platform, as badly as a network can."""

    def __init__(self, address):
        self.met = {}  # by key of idempotency: what became of its requests
        network = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                key = self.headers.get("idempotency-key")
                # Only the first key of a run meets trouble; the others need not wait for it.
                met = network.met.setdefault(key, []) if key else ["passed"]
                troubled = bool(key) and next(iter(network.met)) == key
                if troubled and not met:
                    met.append("refused")
                    return self.refuse()
                answer = network.ask(address, self.command, self.path, self.headers, body)
                if troubled and met == ["refused"]:
                    met.append("lost")
                    self.close_connection = True
                    return self.connection.shutdown(socket.SHUT_RDWR)
                status, headers, octets = answer
                met.append("replayed" if headers.get("idempotent-replayed") == "true" else "passed")
                self.send_response(status)
                for name in ("content-type", "retry-after"):
                    if name in headers:
                        self.send_header(name, headers[name])
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            do_GET = do_POST = pass_on

            def refuse(self):
                problem = {"type": "about:blank", "title": "Too many requests", "status": 429, "code": "rate_limited",
                           "detail": "slower", "retry_after": 1}
                octets = json.dumps(problem).encode()
                self.send_response(429)
                self.send_header("Content-Type", "application/problem+json")
                self.send_header("Retry-After", "1")
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @staticmethod
    def ask(address, method, path, headers, body):
        kept = ("authorization", "content-type", "idempotency-key")
        passed = {name: headers[name] for name in kept if name in headers}
        link = http.client.HTTPConnection(address, timeout=CALL_LIMIT_S)
        try:
            link.request(method, path, body=body or None, headers=passed)
            answer = link.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            link.close()


class Api:
    def __init__(self, address, key):
        self.base, self.key = f"http://{address}/api/v1", key

    def ask(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=CALL_LIMIT_S) as answer:
            return json.loads(answer.read() or b"null")


def run(words, environment, **options):
    whole = {**os.environ, **environment}
    return subprocess.run(words, cwd=FOLDER, env=whole, timeout=RUN_LIMIT_S, capture_output=True, text=True, **options)


def check_output(name, done, patterns):
    shown = f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    demand(done.returncode == 0, shown)
    for pattern in patterns:
        demand(re.search(pattern, done.stdout, re.MULTILINE), f"{name} does not say {pattern!r}:\n{shown}")


def check_sending(language, address, api):
    # A number of its own, whose last digits choose no fate in the sandbox.
    network, number = Network(address), f"+44740013{100 + list(SENDING).index(language):04}"
    done = run([*SENDING[language], number], {"CHAPPE_URL": network.url, "CHAPPE_KEY": api.key})
    check_output(f"{language}: send", done, [
        r"^accepted msg_\S+ for 0\.\d+ EUR$", r"^accepted 2 messages$", r"^state delivered$",
        r"^listed ([2-9]|1\d) messages$", r"^refused invalid_destination: \S",
    ])
    first = next(iter(network.met.values()))
    demand(first == ["refused", "lost", "replayed"], f"{language}: its first request met {first}")
    demand(all(met == ["passed"] for met in list(network.met.values())[1:]), f"{language}: {network.met}")
    # One and many make two to this number, however often they were asked for.
    sent = api.ask("GET", "/messages?to=" + urllib.parse.quote(number))["items"]
    demand(len(sent) == 2, f"{language}: {len(sent)} messages went to its number, not 2")
    known = re.search(r"^accepted (msg_\S+)", done.stdout, re.MULTILINE).group(1)
    demand(known in [one["id"] for one in sent], f"{language}: it shows {known}, which it did not send")


def signed(secret, event, stamp, body):
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), f"{event}.{stamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_for(what, limit_s, look):
    end = time.monotonic() + limit_s
    while not look():
        demand(time.monotonic() < end, f"{what} did not come within {limit_s} s")
        time.sleep(0.1)


def answers(port):
    with socket.socket() as link:
        link.settimeout(1)
        return link.connect_ex(("127.0.0.1", port)) == 0


def check_listening(language, api):
    port = free_port()
    made = api.ask("POST", "/webhooks", {"url": f"http://127.0.0.1:{port}/events"})
    environment = {**os.environ, "CHAPPE_WEBHOOK_SECRET": made["secret"], "PORT": str(port)}
    words = [word.format(port=port) for word in LISTENING[language]]
    with tempfile.TemporaryFile("w+") as output:
        # A group of its own: what `go run` starts ends with it.
        listener = subprocess.Popen(
            words, cwd=FOLDER, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            said = Said(output)
            wait_for(f"{language}: its webhook", START_LIMIT_S, lambda: answers(port) or listener.poll() is not None)
            demand(listener.poll() is None, f"{language}: its webhook ended:\n{said.text()}")
            listen(language, api, made, port, said)
        finally:
            os.killpg(listener.pid, 15)
            listener.wait(CALL_LIMIT_S)
            api.ask("DELETE", f"/webhooks/{made['id']}")


class Said:
    """What a programme has written so far."""

    def __init__(self, file):
        self.file = file

    def text(self):
        size = os.fstat(self.file.fileno()).st_size
        return os.pread(self.file.fileno(), size, 0).decode(errors="replace")


def listen(language, api, made, port, said):
    body = {"from": "Chappe", "to": "+447400123456", "text": "Told", "client_reference": f"kit-{language}"}
    message = api.ask("POST", "/messages", body)["messages"][0]["id"]
    line = f"message.delivered {message} kit-{language}"
    wait_for(f"{language}: {line}", CALL_LIMIT_S, lambda: line in said.text())

    now, secret = int(time.time()), made["secret"]
    elsewhere = "whsec_" + base64.b64encode(b"a secret of somebody else").decode()
    event = {"type": "message.failed", "data": {"id": "msg_x", "client_reference": "forged"}}
    octets = json.dumps(event).encode()
    good = ("evt_kit", now, signed(secret, "evt_kit", now, octets))
    cases = [
        ("the right one", good, octets, 204),
        ("one of two signatures", ("evt_kit", now, f"v1,AAAA {good[2]}"), octets, 204),
        ("another body", good, octets + b" ", 401),
        ("another id", ("evt_other", now, good[2]), octets, 401),
        ("an old one", ("evt_kit", now - 600, signed(secret, "evt_kit", now - 600, octets)), octets, 401),
        ("another secret", ("evt_kit", now, signed(elsewhere, "evt_kit", now, octets)), octets, 401),
        ("none", ("evt_kit", now, ""), octets, 401),
    ]
    for name, (event_id, stamp, signature), octets, expected in cases:
        headers = {"webhook-id": event_id, "webhook-timestamp": str(stamp), "webhook-signature": signature}
        status, _, _ = call(port, {**headers, "content-type": "application/json"}, octets)
        demand(status == expected, f"{language}: a call with {name} is answered with {status}, not {expected}")
    count = 2 if language in FORGETFUL else 1
    wait_for(f"{language}: the signed call", CALL_LIMIT_S, lambda: said.text().count("msg_x") >= count)
    demand(said.text().count("msg_x") == count, f"{language}: {said.text()}")
    demand(said.text().count(line) == 1, f"{language}: an event was taken twice:\n{said.text()}")


def call(port, headers, body):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_LIMIT_S)
    try:
        link.request("POST", "/events", body=body, headers=headers)
        answer = link.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        link.close()


def check_shell_verifying():
    secret, now, body = "whsec_" + base64.b64encode(os.urandom(24)).decode(), int(time.time()), b'{"type":"x"}\n'
    good = signed(secret, "evt_1", now, body)
    old = signed(secret, "evt_1", now - 600, body)
    cases = [(now, good, body, 0), (now, f"v1,AAAA {good}", body, 0), (now, good, body + b" ", 1),
             (now, "v1,AAAA", body, 1), (now - 600, old, body, 1), (now + 1, good, body, 1)]
    for stamp, signature, octets, expected in cases:
        environment = {"CHAPPE_WEBHOOK_SECRET": secret, "WEBHOOK_ID": "evt_1", "WEBHOOK_TIMESTAMP": str(stamp),
                       "WEBHOOK_SIGNATURE": signature}
        done = run(["sh", "curl/verify.sh"], environment, input=octets.decode())
        demand(done.returncode == expected, f"curl: verify ended with {done.returncode}: {done.stdout}{done.stderr}")


def check_binding(language, smpp, node_path):
    host, system_id, password = smpp
    environment = {"CHAPPE_SMPP": host, "CHAPPE_SMPP_SYSTEM_ID": system_id, "CHAPPE_SMPP_PASSWORD": password}
    done = run(BINDING[language], {**environment, "NODE_PATH": node_path})
    check_output(f"{language}: smpp", done, [
        r"^accepted [0-9a-z]{26} to 447400123456$", r"^receipt [0-9a-z]{26} DELIVRD$",
        r"^refused 0x0000000b to 12$", r"^([2-9]) of \1 (parts|messages) were delivered$",
    ])


def main():
    parser = argparse.ArgumentParser()
    for name in ("--address", "--key", "--smpp", "--system-id", "--password"):
        parser.add_argument(name, required=True)
    parser.add_argument("--node-path", default="")
    parser.add_argument("languages", nargs="+", choices=sorted(SENDING))
    arguments = parser.parse_args()
    api = Api(arguments.address, arguments.key)
    try:
        for language in arguments.languages:
            check_sending(language, arguments.address, api)
            if language == "curl":
                check_shell_verifying()
            if language in LISTENING:
                check_listening(language, api)
            if language in BINDING:
                check_binding(language, (arguments.smpp, arguments.system_id, arguments.password), arguments.node_path)
            print(f"the examples in {language} do what they say", flush=True)
    except (Mismatch, subprocess.TimeoutExpired) as mismatch:
        print(mismatch, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
