"""Takes what the platform tells, and verifies it (Standard Webhooks).

Needs nothing but Python 3.9: CHAPPE_WEBHOOK_SECRET=whsec_… PORT=8090 python3 webhook.py
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import time

KEY = base64.b64decode(os.environ["CHAPPE_WEBHOOK_SECRET"].removeprefix("whsec_"))
TOLERANCE_S = 300
BODY_OCTETS_MAX = 1024 * 1024
known = set()  # In your programme: a table, kept for some days.


def is_signed(headers, body):
    event, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE_S:
        return False
    mac = hmac.new(KEY, f"{event}.{stamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(mac)
    # While a secret is being replaced there are two signatures.
    given = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(expected, one) for one in given)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length) if length <= BODY_OCTETS_MAX else b""
        if not is_signed(self.headers, body):
            self.send_response(401)
            self.end_headers()
            return
        # Any 2xx within 15 seconds means that you have it. Without one it is told again.
        self.send_response(204)
        self.end_headers()
        if self.headers["webhook-id"] in known:
            return
        known.add(self.headers["webhook-id"])
        event = json.loads(body)
        data = event["data"]
        if event["type"] == "inbound.received":
            print(f"{data['from']} wrote: {data['text']}", flush=True)
        else:
            # message.delivered is the receipt of a phone; `client_reference` is yours.
            print(f"{event['type']} {data.get('id')} {data.get('client_reference')}", flush=True)


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("", int(os.environ.get("PORT", "8090"))), Handler).serve_forever()
