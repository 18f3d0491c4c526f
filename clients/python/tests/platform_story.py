"""The client against a running platform with its sandbox: every operation, once at the least.

It reads `CHAPPE_URL` and `CHAPPE_KEY`, and exits with 0 when everything was as promised; an operation of the
document that was never asked for is a failure too.
"""

import http.server
import json
import pathlib
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

import chappe
from chappe import models, webhooks

from nasty_strings import CONTROLS, LINES, ONE_LINE

PHONE = "+447400123456"
LIMIT_S = 30
DOCUMENT = pathlib.Path(__file__).parents[2] / "openapi.json"


def demand(condition, text):
    if not condition:
        raise AssertionError(text)


def refused(code, ask):
    try:
        ask()
    except chappe.Refused as error:
        demand(error.code == code, f"refused as {error.code}, not as {code}: {error.detail}")
        return error
    raise AssertionError(f"was taken, and not refused as {code}")


class Watched(chappe.Client):
    """Remembers which operations were asked for."""

    asked = set()

    def _open(self, request):
        self.asked.add((request.method, request.route))
        return super()._open(request)


class Listener:
    """A customer's web server, which verifies what it is told."""

    def __init__(self):
        self.secrets, self.events, self.arrived = [], [], threading.Condition()
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                try:
                    event = webhooks.verify(listener.secrets, self.headers, body)
                except chappe.ChappeError as error:
                    event = error
                with listener.arrived:
                    listener.events.append(event)
                    listener.arrived.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/events"

    def wait_for(self, kind, about=None):
        def there():
            events = [one for one in self.events if isinstance(one, webhooks.Event) and one.type == kind]
            return next((one for one in events if about in (None, one.data.get("id"))), None)

        with self.arrived:
            self.arrived.wait_for(there, LIMIT_S)
            wrong = [one for one in self.events if not isinstance(one, webhooks.Event)]
            demand(not wrong, f"calls that do not verify: {wrong}")
            demand(there() is not None, f"no {kind} came")
            return there()


def messages(client):
    quote = client.quote(PHONE, "What does it cost?", from_="Chappe")
    demand(quote.dry_run and quote.messages[0].parts == 1, "a dry run")
    before = float(client.balance_view().balance)
    sent = client.send(PHONE, "One message", from_="Chappe", client_reference="story-1", class_="one_time")
    message = client.wait(sent.messages[0].id, limit_s=LIMIT_S)
    demand(message.state == "delivered" and message.text == "One message", f"it is {message.state}")
    demand(message.attempts[0].receipts and message.client_reference == "story-1", "its attempts")
    demand(isinstance(message.accepted_at, datetime), "its times")
    demand(float(client.balance_view().balance) < before, "it cost nothing")
    demand(client.message_explain(message.id).because, "it is explained")
    known = client.wait(client.send("+447400120001", "To nobody", from_="Chappe").messages[0].id, limit_s=LIMIT_S)
    demand(known.state == "undelivered", f"a phone that is away: {known.state}")

    many = client.send([PHONE, models.RecipientObject("+33612345678", client_reference="b")], "Many", from_="Chappe")
    demand(len(many.messages) == 2, "a message for each")
    error = refused("invalid_destination", lambda: client.send([PHONE, "12"], "Many", from_="Chappe"))
    demand([one.index for one in error.errors] == [1] and error.status == 422, "which one it is")
    demand(isinstance(error, chappe.Unprocessable) and error.page.endswith("/errors/invalid_destination"), "its page")

    once = [client.send(PHONE, "Once", from_="Chappe", idempotency_key="story-once").messages[0].id for _ in range(2)]
    demand(once[0] == once[1], "it was sent twice")
    refused("idempotency_mismatch",
            lambda: client.send(PHONE, "Other", from_="Chappe", idempotency_key="story-once"))

    later = client.send(PHONE, "Later", from_="Chappe", send_at=datetime.now(timezone.utc) + timedelta(hours=1))
    demand(later.messages[0].state == "scheduled", "it waits")
    demand(client.message_cancel(later.messages[0].id).state == "cancelled", "it is withdrawn")
    refused("too_late", lambda: client.message_cancel(message.id))
    each = [models.RecipientObject(PHONE, parameters={"name": "Ada"}), "+33612345678"]
    texts = client.send(each, "Dear {name}", from_="Chappe", parameters={"name": "all"})
    written = [client.wait(one.id, limit_s=LIMIT_S) for one in texts.messages]
    demand([one.text for one in written] == ["Dear Ada", "Dear all"], "each has a text of its own")
    demand(client.message_redact(written[0].id).text is None, "its text is erased")
    client.message_delete(written[1].id)
    refused("not_found", lambda: client.message_view(written[1].id))
    demand(client.message_view(written[0].id).text is None, "it stays erased")
    refused("not_found", lambda: client.message_view("msg_01kq3v8w2rj5x7n4m6t9p0c1db"))
    listed = [one.id for one in client.message_list_all(limit=2)]
    demand(len(listed) >= 6 and len(set(listed)) == len(listed) and message.id in listed, "the list is read on")
    delivered = list(client.message_list_all(state="delivered", to=PHONE))
    demand(delivered and all(one.state == "delivered" for one in delivered), "the list is narrowed")
    demand(client.inbound_list().items == [], "nobody has written")
    return message


def figures(client, message):
    demand(client.account_view().account == "demo", "whose key it is")
    movements = list(client.movement_list_all(limit=2))
    demand(len(movements) >= 3 and movements[0].amount.unit == "EUR", "what moved the balance")
    demand(sum(one.messages for one in client.statistics_view().items) >= 5, "statistics")
    demand(client.price_list().items, "prices")
    known = client.number_check(PHONE)
    demand((known.country, known.kind) == ("GB", "mobile") and known.price is not None, "a number")
    for ask in (client.movement_export, client.inbound_export, client.statistics_export):
        demand(len(list(ask())) >= 1, "a table has its titles")
        refused("not_built", lambda: list(ask(format="parquet")))
    table = list(client.message_export(to=PHONE))
    demand(len(table) >= 4 and any(message.id in line for line in table), "a table")


def lists(client):
    number = "+447400123450"
    demand(client.suppression_add(numbers=[number, number]).added == 1, "it is on the list")
    refused("recipient_suppressed", lambda: client.send(number, "Not wanted", from_="Chappe"))
    demand(client.suppression_view(number).reason == "manual", "why it is on the list")
    demand([one.reason for one in client.suppression_list_all(number=number)] == ["manual"], "the list is shown")
    client.suppression_remove(number)
    refused("not_found", lambda: client.suppression_view(number))
    demand(client.keyword_replies_change(help="Call us.").help == "Call us.", "an answer is set")
    demand(client.keyword_replies_change(help=None).help is None, "an answer is taken back")
    demand(client.keyword_replies().stop is None, "nothing is answered")
    night = {"from": "21:00", "to": "08:00"}
    demand(client.quiet_hours_set(quiet_hours=night, classes=["bulk"]).classes == ["bulk"], "quiet hours are set")
    demand(client.quiet_hours_view().quiet_hours.from_ == "21:00", "they are shown")
    always = {"from": "00:00", "to": "23:59"}
    held = client.message_submit(from_="Chappe", to=PHONE, text="Later", quiet_hours=always, dry_run=True)
    demand(held.messages[0].clock.quiet_by == "message", "a message waits for their end")
    demand(client.quiet_hours_set(quiet_hours=None).quiet_hours is None, "they are taken away")
    demand(list(client.own_number_list_all()) == [], "no number is held")
    refused("not_found", lambda: client.own_number_view("447400100200"))
    refused("not_found", lambda: client.own_number_change("447400100200", route="binds"))


def senders(client):
    asked = client.sender_request(sender="Story", countries=["GB"], purpose="a story")
    demand((asked.state, asked.countries) == ("pending", ["GB"]), "it waits for its review")
    demand(client.sender_view(asked.id).sender == "Story", "it is shown")
    demand([one.id for one in client.sender_list_all()] == [asked.id], "it is listed")
    refused("invalid_sender", lambda: client.sender_request(sender="a name too long"))
    pool = client.pool_create(name="story", members=[{"sender": "Story"}])
    demand(pool.members[0].passed_over == "pending", "its sender waits")
    refused("no_sender_left", lambda: client.message_submit(pool="story", to="447400123452", text="x"))
    members = [{"sender": "Story", "off": True}]
    replies = [{"keyword": "stop", "language": "de", "text": "Ende."}]
    pool = client.pool_change(pool.id, members=members, replies=replies, opt_out="pool")
    demand([one.passed_over for one in pool.members] == ["off"], "it is switched off")
    demand(client.pool_view(pool.id).replies[0].text == "Ende.", "it is shown")
    foreign = [{"sender": "447400100200"}]
    refused("invalid_sender", lambda: client.pool_change(pool.id, members=foreign))
    demand([one.name for one in client.pool_list_all()] == ["story"], "it is listed")
    client.pool_remove(pool.id)
    refused("not_found", lambda: client.pool_view(pool.id))
    client.sender_remove(asked.id)
    refused("not_found", lambda: client.sender_view(asked.id))


def wordings(client):
    made = client.template_create(name="story", text="Your code is {code}.", examples={"code": "1234"})
    demand((made.state, made.in_force) == ("draft", None), "it is a draft")
    refused("invalid_template", lambda: client.template_change(made.id, text="{code} {other}"))
    pending = client.template_change(made.id, text="Code {code}.", submit=True)
    demand((pending.state, pending.versions[0].number) == ("pending", 2), "another text waits for its review")
    refused("template_not_approved", lambda: client.message_submit(from_="A", to=PHONE, template="story"))
    demand(client.template_view(made.id).versions[0].text == "Code {code}.", "it is shown")
    demand([one.name for one in client.template_list_all()] == ["story"], "it is listed")
    client.template_remove(made.id)
    refused("not_found", lambda: client.template_view(made.id))
    asked = client.signature_request(signature="Story", purpose="a story")
    demand(client.signature_view(asked.id).state == "pending", "it waits for its review")
    demand([one.signature for one in client.signature_list_all()] == ["Story"], "it is listed")
    client.signature_remove(asked.id)
    refused("not_found", lambda: client.signature_view(asked.id))


def people(client):
    group = client.group_create(name="story")
    ada = client.contact_create(number="+447400123452", name="Ada", attributes={"city": "London"})
    demand(client.contact_view(ada.id).number == "447400123452", "she is kept")
    table = "number,name,city\n447400123453,Bob,Gent\n447400123452,,Paris\n"
    imported = client.contact_import(csv=table, group=group.id)
    demand((imported.added, imported.changed) == (1, 1), "a table is kept")
    demand(client.contact_change(ada.id, language="en").attributes == {"city": "Paris"}, "what is stated changes")
    demand(len(list(client.contact_list_all(group=group.id, limit=1))) == 2, "both are in the group")
    sent = client.message_submit(from_="Chappe", group="story", text="{name} in {city}")
    written = {client.wait(one.id, limit_s=LIMIT_S).text for one in sent.messages}
    demand(written == {"Ada in Paris", "Bob in Gent"}, f"each has a text of its own: {written}")
    client.suppression_add(numbers=[ada.number])
    rest = client.message_submit(from_="Chappe", group=group.id, text="{name}", dry_run=True)
    demand((len(rest.messages), rest.left_out) == (1, 1), "who wants no messages is left out")
    client.suppression_remove(ada.number)
    demand(client.group_leave(group.id, contacts=[ada.id]).contacts == 1, "she leaves")
    demand(client.group_join(group.id, contacts=[ada.id]).contacts == 2, "she comes back")
    demand(client.group_change(group.id, description="all of it").description == "all of it", "it changes")
    demand([one.name for one in client.group_list_all()] == ["story"], "it is listed")
    client.contact_remove(ada.id)
    refused("not_found", lambda: client.contact_view(ada.id))
    demand(client.group_view(group.id).contacts == 1, "who goes leaves the group")
    client.group_remove(group.id)
    refused("not_found", lambda: client.group_view(group.id))


def hooks(client):
    alert = models.Alert("firing", labels={"alertname": "Down", "severity": "page"}, annotations={"summary": "it is down"},
                         starts_at="2026-11-22T10:00:00Z", fingerprint="1a2b")
    told = {"group_key": "{}:{}", "status": "firing", "alerts": [alert], "to": [PHONE, "+33612345678"], "from_": "Alerts"}
    sent = [client.hook_alertmanager(version="4", **told) for _ in range(2)]
    demand(sent[0].text == "FIRING Down: it is down (severity=page)", sent[0].text)
    demand(sent[0].submission_id == sent[1].submission_id, "the same group was sent twice")
    demand(len(sent[0].messages) == 2, "a message for each")
    demand(client.wait(sent[0].messages[0].id, limit_s=LIMIT_S).text == sent[0].text, "the text that was sent")
    grafana = client.hook_grafana(version="1", **told)
    demand(grafana.submission_id != sent[0].submission_id, "another product is another group")
    quote = client.hook_grafana(dry_run=True, **{**told, "status": "resolved"})
    demand(isinstance(quote, models.AlertQuote) and quote.dry_run, "a dry run")
    refused("invalid_request", lambda: client.hook_alertmanager(version="3", **told))
    refused("invalid_destination", lambda: client.hook_grafana(**{**told, "to": [PHONE, "12"], "group_key": "other"}))


def webhook(client):
    listener = Listener()
    made = client.webhook_create(url=listener.url, description="the story")
    listener.secrets.append(made.secret)
    demand(client.webhook_test(made.id).taken, "the test was not taken")
    listener.wait_for("webhook.test")
    sent = client.send(PHONE, "Told", from_="Chappe").messages[0].id
    demand(listener.wait_for("message.delivered", sent).data["to"] == PHONE, "what it tells")
    demand(client.webhook_view(made.id).secret is None, "the secret is shown once")
    demand(made.id in [one.id for one in client.webhook_list().items], "it is listed")
    told = [one for one in client.webhook_deliveries_all(made.id, limit=1) if one.message_id == sent]
    demand({one.type for one in told} >= {"message.delivered"}, "its events are listed")
    demand(any(told[0].id in line for line in client.webhook_export(made.id)), "its events are in a table")
    # The answer of the listener is on disk a moment after it was given.
    end = time.monotonic() + LIMIT_S
    while client.webhook_replay(made.id, event=told[0].id).events != 1:
        demand(time.monotonic() < end, "nothing is told again")
    listener.secrets.append(client.webhook_rotate(made.id, overlap_s=0).secret)
    demand(listener.secrets[0] != listener.secrets[1], "the secret stayed")
    demand(client.webhook_change(made.id, events=["message.delivered"]).events == ["message.delivered"], "it changes")
    demand(client.webhook_change(made.id, events=None).events is None, "null is something else than nothing")
    demand(client.webhook_set_default(url=listener.url) is not None, "the default")
    client.webhook_set_default(url=None)
    client.webhook_remove(made.id)
    refused("not_found", lambda: client.webhook_view(made.id))


def keys(client, url):
    made = client.key_create(label="the story", scopes=["read"], expires_at=datetime.now(timezone.utc) + timedelta(days=1))
    other = Watched(url, f"{made.key}.{made.secret}")
    demand(other.account_view().account == "demo", "the new key opens")
    refused("forbidden", lambda: other.send(PHONE, "May not", from_="Chappe"))
    demand(client.key_change(made.id, addresses=["192.0.2.0/24"]).addresses == ["192.0.2.0/24"], "it changes")
    refused("forbidden", other.account_view)
    client.key_change(made.id, addresses=[], expires_at=None)
    rotated = client.key_rotate(made.id, overlap_s=0)
    refused("invalid_credentials", other.account_view)
    demand(Watched(url, f"{rotated.key}:{rotated.secret}").account_view(), "the new secret opens")
    demand(client.key_view(made.id).expires_at is None, "it never ends")
    client.key_revoke(made.id)
    demand(made.id not in [one.id for one in client.key_list().items], "it is gone")


def nasty(client):
    """Every text of a list through every field that takes one: it comes back as it was, or is refused."""
    key = client.key_create(label="nasty", scopes=["read"]).id
    hook = client.webhook_create(url="https://example.com/", enabled=False).id

    def sent(text="x", **named):
        return client.message_view(client.send(PHONE, text, from_="Chappe", **named).messages[0].id)

    one_line = {
        "client_reference": lambda text: sent(client_reference=text).client_reference,
        "traffic_type": lambda text: sent(traffic_type=text[:32]).traffic_type + text[32:],
        "label": lambda text: (client.key_change(key, label=text), client.key_view(key).label)[1],
        "description": lambda text: (
            client.webhook_change(hook, description=text), client.webhook_view(hook).description)[1],
    }
    help_of = lambda text: (client.keyword_replies_change(help=text), client.keyword_replies().help)[1]
    whole = {"text": lambda text: sent(text).text, "parameter": lambda text: sent("{p}", parameters={"p": text}).text}
    for text in ONE_LINE:
        for field, through in {**one_line, **whole, "help": help_of}.items():
            back = through(text)
            demand(back == text, f"{ascii(text)} came back from {field} as {ascii(back)}")
    for text in LINES + CONTROLS:
        for field, through in whole.items():
            demand(through(text) == text, f"{ascii(text)} did not come back from {field}")
        for through in one_line.values():
            refused("invalid_request", lambda: through(text))
    client.keyword_replies_change(help=None)
    armed = [line for line in client.message_export() if '"=' in line or '"@' in line or '"+' in line]
    demand(armed == [], f"a formula is armed: {armed[:1]}")
    client.key_revoke(key)
    client.webhook_remove(hook)


def accounts(client, url):
    shop = client.account_create(name="shop", limits=models.LimitsWish(messages_per_second=5))
    demand(shop.name == "shop" and shop.limits.messages_per_second == 5, "it is made")
    refused("conflict", lambda: client.account_create(name="shop"))
    before = float(client.balance_view().balance)
    demand(client.account_transfer(shop.id, amount="2.00").balance == "2.00", "value goes down")
    demand(client.account_transfer(shop.id, amount="0.50", direction="from_account").balance == "1.50", "and back")
    demand(round(before - float(client.balance_view().balance), 6) == 1.5, "from the own balance")
    refused("insufficient_balance", lambda: client.account_transfer(shop.id, amount="1000000"))
    made = client.account_key_create(shop.id, label="the till", scopes=["send", "read"])
    demand([one.key for one in client.account_key_list(shop.id).items] == [made.key], "its key is listed")
    its = Watched(url, f"{made.key}.{made.secret}")
    demand(its.account_view().account == "shop", "its key opens")
    refused("forbidden", its.account_list)
    acting = Watched(url, client._authorization.removeprefix("Bearer "), account=shop.id)
    sent = acting.send(PHONE, "For the shop", from_="Shop").messages[0].id
    demand(its.wait(sent, limit_s=LIMIT_S).state == "delivered", "it is the shop's message")
    refused("not_found", lambda: client.message_view(sent))
    refused("not_found", Watched(url, client._authorization.removeprefix("Bearer "), account="AC" + "0" * 32).account_view)
    lines = {one.name: one for one in client.account_statistics_all(limit=1)}
    demand(lines["shop"].messages == 1 and lines["demo"].parent is None, "the tree is summed up")
    demand(client.account_change(shop.id, state="suspended").acts_as == "suspended", "it is suspended")
    refused("account_suspended", lambda: its.send(PHONE, "May not", from_="Shop"))
    demand(client.account_change(shop.id, state="closed").state == "closed", "it is closed")
    refused("invalid_credentials", its.account_view)
    demand([one.id for one in client.account_list_all()] == [shop.id], "it is listed")
    demand(client.sub_account_view(shop.id).state == "closed", "it stays")
    refused("not_found", lambda: client.sub_account_view("AC" + "0" * 32))


def main():
    client = Watched.from_environment()
    message = messages(client)
    figures(client, message)
    lists(client)
    senders(client)
    wordings(client)
    people(client)
    hooks(client)
    webhook(client)
    keys(client, client._base)
    nasty(client)
    accounts(client, client._base)
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    all_of_them = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    demand(Watched.asked == all_of_them, f"never asked for: {sorted(all_of_them - Watched.asked)}")
    print(f"the Python client carried out {len(all_of_them)} operations")
    return 0


if __name__ == "__main__":
    sys.exit(main())
