"""The client against a server that answers what a test tells it to."""

import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import threading
import unittest
from datetime import datetime, timedelta, timezone

import chappe
from chappe import _runtime, webhooks
from chappe.models import RecipientObject

ACCEPTED = {
    "submission_id": "sub_1",
    "messages": [{"id": "msg_1", "to": "32470000000", "state": "queued", "parts": 1,
                  "price": {"amount": "0.05", "unit": "EUR"}}],
}
BALANCE = {"balance": "1.00", "unit": "EUR", "held": "0.00"}


def problem(status, code, **more):
    body = {"type": f"http://x/errors/{code}", "title": code, "status": status, "code": code, "detail": "because"}
    return status, {**body, **more}


class Platform:
    """Answers in the order of its list, and remembers what it was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []
        platform = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                octets = self.rfile.read(int(self.headers.get("content-length", 0)))
                body = json.loads(octets) if octets else None
                platform.asked.append((self.command, self.path, dict(self.headers.items()), body))
                answer = platform.answers.pop(0)
                if answer is None:
                    self.connection.close()
                    return
                status, value, *headers = answer
                written = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
                self.send_response(status)
                for name, text in [("X-Request-Id", "req_1"), ("Content-Length", str(len(written))), *headers]:
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(written)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.waits = []
        self.client = chappe.Client(f"http://127.0.0.1:{self.server.server_port}/", "key.secret", timeout_s=10)
        self.client._sleep = self.waits.append

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def keys(self):
        return [headers.get("Idempotency-Key") for _, _, headers, _ in self.asked]


class Asking(unittest.TestCase):
    def test_a_message_is_sent_as_the_document_says(self):
        with Platform((202, ACCEPTED)) as platform:
            later = datetime(2026, 11, 22, 11, 0, tzinfo=timezone(timedelta(hours=1)))
            to = ["+32470000000", RecipientObject("+32470000001", client_reference="b")]
            sent = platform.client.send(to, "hé", from_="ACME", send_at=later, class_="bulk", callback_url=None)
            self.assertEqual((sent.submission_id, sent.messages[0].price.amount), ("sub_1", "0.05"))
        method, path, headers, body = platform.asked[0]
        self.assertEqual((method, path), ("POST", "/api/v1/messages"))
        self.assertEqual(headers["Authorization"], "Bearer key.secret")
        self.assertEqual(len(headers["Idempotency-Key"]), 36)
        self.assertEqual(body, {
            "from": "ACME", "text": "hé", "recipients": ["+32470000000", {"to": "+32470000001", "client_reference": "b"}],
            "send_at": "2026-11-22T10:00:00.000Z", "class": "bulk", "callback_url": None,
        })

    def test_addresses_and_queries_are_escaped(self):
        with Platform((404, problem(404, "not_found")[1]), (200, {"items": [], "next_cursor": None})) as platform:
            with self.assertRaises(chappe.NotFound):
                platform.client.message_view("a/../b?c")
            platform.client.message_list(to="+32 470", since=datetime(2026, 1, 1, tzinfo=timezone.utc), limit=5)
        paths = [path for _, path, _, _ in platform.asked]
        self.assertEqual(paths[0], "/api/v1/messages/a%2F..%2Fb%3Fc")
        self.assertEqual(paths[1], "/api/v1/messages?to=%2B32+470&since=2026-01-01T00%3A00%3A00.000Z&limit=5")

    def test_what_may_be_there_several_times_is_and_words_are_those_of_the_api(self):
        with Platform((202, {**ACCEPTED, "text": "x"})) as platform:
            alert = chappe.models.Alert("firing", starts_at="2026-11-22T10:00:00Z")
            platform.client.hook_grafana(
                to=["1", "2"], from_="A", dry_run=False, group_key="g", status="firing", alerts=[alert]
            )
        _, path, _, body = platform.asked[0]
        self.assertEqual(path.split("?")[1].split("&")[0:2], ["to=1", "to=2"])
        self.assertIn("dry_run=false", path)
        self.assertEqual(body["alerts"], [{"status": "firing", "startsAt": "2026-11-22T10:00:00Z"}])
        self.assertEqual(platform.keys(), [None], "what a hook is told is its key")

    def test_a_body_that_may_be_absent_is(self):
        with Platform((204, None)) as platform:
            self.assertIsNone(platform.client.key_revoke("3"))
        self.assertIsNone(platform.asked[0][3])
        self.assertIsNone(_runtime.Request("POST", "/", body={"a": _runtime.UNSET}, is_body_optional=True).octets())
        self.assertEqual(_runtime.Request("POST", "/", body={"a": None}, is_body_optional=True).octets(), b'{"a": null}')

    def test_a_time_without_a_zone_is_a_mistake(self):
        with Platform() as platform, self.assertRaises(ValueError):
            platform.client.message_list(since=datetime(2026, 1, 1))

    def test_the_package_has_the_version_of_its_document(self):
        document = json.loads((pathlib.Path(__file__).parents[2] / "openapi.json").read_text(encoding="utf-8"))
        self.assertEqual(chappe.__version__, document["info"]["version"])

    def test_keys_and_addresses_that_cannot_be_are_said_at_once(self):
        for url, key in [("ftp://x", "a.b"), ("x", "a.b"), ("http://x", "ab"), ("http://x", "a.b\nX: y")]:
            with self.assertRaises(ValueError):
                chappe.Client(url, key)
        with self.assertRaises(ValueError):
            chappe.Client.from_environment({"CHAPPE_URL": "http://x"})
        client = chappe.Client.from_environment({"CHAPPE_URL": "http://x/api/v1", "CHAPPE_KEY": "a:b"})
        self.assertEqual(repr(client), "<Client of http://x>")


class Answers(unittest.TestCase):
    def test_lists_are_read_page_by_page(self):
        def page(at, cursor):
            item = {"id": str(at), "from": "1", "to": "2", "text": "x", "received_at": "2026-11-22T10:00:00.123Z"}
            return 200, {"items": [item], "next_cursor": cursor}

        with Platform(page(1, "0000000000000001"), page(2, None)) as platform:
            found = list(platform.client.inbound_list_all(limit=1))
        self.assertEqual([one.id for one in found], ["1", "2"])
        self.assertEqual(found[0].from_, "1")
        self.assertEqual(found[0].received_at, datetime(2026, 11, 22, 10, 0, 0, 123000, tzinfo=timezone.utc))
        self.assertTrue(platform.asked[1][1].endswith("?cursor=0000000000000001&limit=1"))

    def test_a_list_that_does_not_go_on_ends(self):
        page = 200, {"items": [], "next_cursor": "0000000000000001"}
        with Platform(page, page) as platform, self.assertRaises(chappe.UnexpectedAnswer):
            list(platform.client.inbound_list_all())

    def test_tables_come_line_by_line(self):
        with Platform((200, "a,b\r\n1,é\r\n".encode())) as platform:
            self.assertEqual(list(platform.client.message_export()), ["a,b", "1,é"])
        with Platform((200, b"a,b\r\n1")) as platform, self.assertRaises(chappe.Unanswered):
            list(platform.client.message_export())

    def test_members_of_later_versions_are_no_harm_and_missing_ones_are(self):
        with Platform((200, {**BALANCE, "colour": "red"})) as platform:
            self.assertEqual(platform.client.balance_view().balance, "1.00")
        for answer in [(200, {"balance": "1"}), (200, {**BALANCE, "held": 1}), (200, b"<html>"), (201, BALANCE)]:
            with Platform(answer) as platform, self.assertRaises(chappe.UnexpectedAnswer):
                platform.client.balance_view()


class Refusals(unittest.TestCase):
    def test_a_refusal_says_everything(self):
        item = {"index": 1, "code": "invalid_destination", "detail": "no number", "field": "recipients[1]"}
        with Platform(problem(422, "invalid_destination", field="recipients", errors=[item])) as platform:
            with self.assertRaises(chappe.Unprocessable) as raised:
                platform.client.send(["32470000000", "12"], "x", from_="A")
        refused = raised.exception
        self.assertEqual((refused.code, refused.status, refused.field), ("invalid_destination", 422, "recipients"))
        self.assertEqual((refused.errors[0].index, refused.request_id), (1, "req_1"))
        self.assertEqual(str(refused), "invalid_destination (recipients): because")
        self.assertEqual(platform.waits, [])

    def test_every_status_has_its_exception(self):
        cases = [(400, chappe.InvalidRequest), (401, chappe.InvalidCredentials), (402, chappe.InsufficientBalance),
                 (403, chappe.Forbidden), (409, chappe.Conflict), (413, chappe.InvalidRequest), (501, chappe.Unavailable)]
        for status, kind in cases:
            with Platform(problem(status, "code")) as platform, self.assertRaises(kind):
                platform.client.balance_view()

    def test_what_is_no_refusal_of_the_platform_is_not_taken_for_one(self):
        for answer in [(404, b"<html>"), (307, b"", ("Location", "http://127.0.0.1:1/")), (400, b"[]")]:
            with Platform(answer) as platform, self.assertRaises(chappe.UnexpectedAnswer):
                platform.client.balance_view()
            self.assertEqual(len(platform.asked), 1)


class Retries(unittest.TestCase):
    def test_a_refusal_that_says_when_is_repeated_then_under_the_same_key(self):
        fast = (*problem(429, "rate_limited", retry_after=3), ("Retry-After", "3"))
        with Platform(fast, fast, (202, ACCEPTED)) as platform:
            platform.client.send("32470000000", "x", from_="A")
        self.assertEqual(len(set(platform.keys())), 1)
        self.assertTrue(len(platform.waits) == 2 and all(3 <= wait <= 3.6 for wait in platform.waits))

    def test_an_answer_that_does_not_come_is_asked_for_again_under_the_same_key(self):
        with Platform(None, (503, b"<html>"), (202, ACCEPTED)) as platform:
            platform.client.send("32470000000", "x", from_="A", idempotency_key="order-1")
        self.assertEqual(platform.keys(), ["order-1"] * 3)
        self.assertLess(platform.waits[0], platform.waits[1])

    def test_what_a_hook_is_told_is_asked_for_again_without_a_key(self):
        with Platform(None, (202, {**ACCEPTED, "text": "x"})) as platform:
            platform.client.hook_grafana(
                to=["1"], from_="A", group_key="g", status="firing", alerts=[chappe.models.Alert("firing")]
            )
        self.assertEqual(platform.keys(), [None, None])

    def test_what_could_be_done_twice_is_not_repeated(self):
        with Platform(None) as platform, self.assertRaises(chappe.Unanswered):
            platform.client.webhook_test("3")
        with Platform((*problem(503, "unavailable"), ("Retry-After", "1")), (200, {})) as platform:
            with self.assertRaises(chappe.UnexpectedAnswer):
                platform.client.webhook_test("3")
            self.assertEqual(len(platform.asked), 2, "a refusal did nothing, so that it may be repeated")

    def test_it_gives_up(self):
        with Platform(*[None] * 5) as platform, self.assertRaises(chappe.Unanswered) as raised:
            platform.client.send("32470000000", "x", from_="A")
        self.assertEqual(raised.exception.idempotency_key, platform.keys()[0])
        with Platform(problem(429, "rate_limited", retry_after=600)) as platform:
            with self.assertRaises(chappe.TooManyRequests) as refused:
                platform.client.balance_view()
        self.assertEqual((refused.exception.retry_after, platform.waits), (600, []))

    def test_retry_after_may_be_a_date(self):
        soon = datetime.now(timezone.utc) + timedelta(seconds=30)
        stated = _runtime.seconds_of(soon.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        self.assertTrue(25 < stated <= 30, stated)
        self.assertEqual([_runtime.seconds_of(text) for text in (None, "7", "soon")], [None, 7.0, None])


class Webhooks(unittest.TestCase):
    SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    BODY = b'{"type":"message.delivered","timestamp":"2026-11-22T05:16:25.207Z","data":{"id":"msg_1"}}'

    def headers(self, stamp=1_795_324_585, secret=None):
        key = base64.b64decode((secret or self.SECRET)[6:])
        mac = hmac.new(key, f"evt_1.{stamp}.".encode() + self.BODY, hashlib.sha256).digest()
        signature = "v1," + base64.b64encode(mac).decode()
        return {"Webhook-Id": "evt_1", "webhook-timestamp": str(stamp), "WEBHOOK-SIGNATURE": f"v1,AAAA {signature}"}

    def test_a_call_that_is_signed_is_read(self):
        event = webhooks.verify(self.SECRET, self.headers(), self.BODY, now=1_795_324_600)
        self.assertEqual((event.id, event.type, event.data), ("evt_1", "message.delivered", {"id": "msg_1"}))
        self.assertEqual(event.timestamp.year, 2026)

    def test_the_published_example_fits(self):
        headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
                   "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
        # It is no event of ours, but that is only looked at behind the signature.
        with self.assertRaises(chappe.UnexpectedAnswer):
            webhooks.verify(self.SECRET, headers, '{"test": 2432232314}', now=1_614_265_330)
        with self.assertRaises(chappe.SignatureMismatch):
            webhooks.verify(self.SECRET, headers, '{"test": 2432232315}', now=1_614_265_330)

    def test_one_of_several_secrets_is_enough(self):
        other = "whsec_" + base64.b64encode(b"another secret").decode()
        webhooks.verify([other, self.SECRET], self.headers(), self.BODY, now=1_795_324_585)
        for secret in (other, []):
            with self.assertRaises(chappe.SignatureMismatch):
                webhooks.verify(secret, self.headers(), self.BODY, now=1_795_324_585)

    def test_every_change_is_found(self):
        good = self.headers()
        bad = [
            (good, self.BODY + b" ", 0), ({**good, "Webhook-Id": "evt_2"}, self.BODY, 0),
            ({**good, "webhook-timestamp": "1795324586"}, self.BODY, 0), (good, self.BODY, 301), (good, self.BODY, -301),
            ({**good, "WEBHOOK-SIGNATURE": ""}, self.BODY, 0), ({**good, "webhook-timestamp": "x"}, self.BODY, 0),
            ({"Webhook-Id": "evt_1"}, self.BODY, 0), ({**good, "WEBHOOK-SIGNATURE": "v2,é"}, self.BODY, 0),
        ]
        for headers, body, late in bad:
            with self.assertRaises(chappe.SignatureMismatch):
                webhooks.verify(self.SECRET, headers, body, now=1_795_324_585 + late)


if __name__ == "__main__":
    unittest.main()
