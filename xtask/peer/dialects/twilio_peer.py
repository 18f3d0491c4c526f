"""A customer of Twilio: its official Python library, unmodified but for the host, sends, lists, changes and
deletes, and its validator checks every call that it is told by.
"""

import datetime
import os
import urllib.parse

from house import NUMBER, PHONE, Listener, demand, play, until
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client


def refused(status, code, ask):
    try:
        ask()
    except TwilioRestException as error:
        demand((error.status, error.code) == (status, code), f"{error.status} {error.code} {error.msg}")
        return
    demand(False, f"not refused with {status} {code}")


def client_of(platform, user, secret):
    class Elsewhere(TwilioHttpClient):
        def request(self, method, url, *arguments, **options):
            url = url.replace("https://api.twilio.com", f"https://{platform.https}")
            url = url.replace("https://messaging.twilio.com", f"https://{platform.https}")
            return super().request(method, url, *arguments, **options)

    return Client(user, secret, platform.account, http_client=Elsewhere())


def messages(platform, client, listener):
    sent = client.messages.create(
        to=PHONE, from_="Chappe", body="Hello, €", status_callback=listener.url("/status?mine=1"),
        validity_period=600)
    demand(sent.sid.startswith("SM") and sent.account_sid == platform.account, sent.sid)
    demand(sent.status in ("queued", "sending", "sent", "delivered"), sent.status)
    demand(sent.body == "Hello, €" and sent.num_segments == "1" and sent.price_unit == "EUR", "another message")
    until("the delivery", lambda: client.messages(sent.sid).fetch().status == "delivered")
    fetched = client.messages(sent.sid).fetch()
    demand(fetched.date_sent and fetched.date_sent.tzinfo and fetched.error_code is None, "dates")
    told = until("two callbacks", lambda: len(listener.at("/status")) >= 2 and listener.at("/status"))
    words = [dict(urllib.parse.parse_qsl(body.decode()))["MessageStatus"] for _, _, body in told]
    demand(words == ["sent", "delivered"], f"{words}")

    failed = client.messages.create(to="+447400120001", from_="Chappe", body="not reached")
    until("the end", lambda: client.messages(failed.sid).fetch().status == "undelivered")
    demand(client.messages(failed.sid).fetch().error_code == 30003, "the error's number")

    for place in range(5):
        client.messages.create(to=PHONE, from_="Other", body=f"page {place}")
    listed = client.messages.list(from_="Other", page_size=2)
    demand([one.body for one in listed] == [f"page {place}" for place in (4, 3, 2, 1, 0)], "pages")
    day = datetime.datetime.now(datetime.timezone.utc)
    demand(len(client.messages.list(to=PHONE, date_sent=day.date())) == 6, "the day")
    demand(len(client.messages.list(to=PHONE, limit=3)) == 3, "the limit")
    demand(not client.messages.list(date_sent_after=day + datetime.timedelta(days=1)), "the future")
    demand(not client.messages.list(date_sent_before=day - datetime.timedelta(days=2)), "the past")

    demand(client.messages(sent.sid).media.list() == [], "media")
    demand(client.messages(sent.sid).update(body="").body == "", "redaction")
    demand(client.messages(sent.sid).delete(), "deletion")
    refused(404, 20404, lambda: client.messages(sent.sid).fetch())
    later = client.messages.create(
        to=PHONE, from_="Chappe", body="later", schedule_type="fixed", send_at=day + datetime.timedelta(days=1))
    demand(later.status == "scheduled", later.status)
    refused(409, 20009, lambda: client.messages(later.sid).delete())
    demand(client.messages(later.sid).update(status="canceled").status == "canceled", "withdrawal")
    refused(409, 30409, lambda: client.messages(later.sid).update(status="canceled"))


def refusals(platform, client):
    refused(400, 21211, lambda: client.messages.create(to="nobody", from_="Chappe", body="x"))
    refused(400, 21604, lambda: client.messages.create(to="", from_="Chappe", body="x"))
    refused(400, 21602, lambda: client.messages.create(to=PHONE, from_="Chappe", body=""))
    refused(400, 21212, lambda: client.messages.create(to=PHONE, from_="a sender too long", body="x"))
    refused(400, 21609, lambda: client.messages.create(to=PHONE, from_="Chappe", body="x", status_callback="no"))
    refused(401, 20003, lambda: client_of(platform, platform.account, "wrong").balance.fetch())
    refused(404, 20404, lambda: client.calls.create(to=PHONE, from_="Chappe", url="https://example.com/"))


def account(platform, client):
    demand(client.balance.fetch().currency == "EUR", "the balance")
    demand(client.api.v2010.accounts(platform.account).fetch().status == "active", "the account")
    demand(platform.account in [one.sid for one in client.api.v2010.accounts.list()], "accounts")
    record = client.usage.records.list(category="sms")[0]
    demand(int(record.count) >= 1, "usage")
    demand(client.usage.records.today.list(category="totalprice")[0].price_unit == "EUR", "usage of today")
    client.incoming_phone_numbers.list(limit=5)
    demand(client.available_phone_numbers("GB").mobile.list() == [], "numbers to buy")
    by_key = client_of(platform, platform.key, platform.secret)
    demand(by_key.balance.fetch().account_sid == platform.account, "a key as user")


def services(client):
    made = client.messaging.v1.services.create(friendly_name="news", sticky_sender=True)
    demand(made.sid.startswith("MG") and made.sticky_sender and made.date_created.tzinfo, "a service")
    demand([one.sid for one in client.messaging.v1.services.list()] == [made.sid], "the list of services")
    demand(made.update(friendly_name="other").friendly_name == "other", "a change of a service")
    demand(client.messaging.v1.services(made.sid).delete(), "a service stays")


def phones(platform, client, listener):
    platform.native("PUT", "/webhooks/default", f'{{"url": "{listener.url("/inbound")}", "kind": "twilio"}}')
    listener.answers["/inbound"] = b"<Response><Message>Thank &amp; you</Message></Response>"
    platform.sign_in()
    platform.phone_writes("How are you?")
    _, _, body = until("what the phone wrote", lambda: listener.at("/inbound"))[0]
    fields = dict(urllib.parse.parse_qsl(body.decode()))
    demand(fields["Body"] == "How are you?" and fields["From"] == PHONE and fields["To"] == NUMBER, f"{fields}")
    reply = until("the reply", lambda: [one for one in client.messages.list(limit=5) if one.from_ == NUMBER])[0]
    demand((reply.body, reply.to) == ("Thank & you", PHONE), "the reply says something else")
    inbound = client.messages(fields["MessageSid"]).fetch()
    demand((inbound.direction, inbound.status) == ("inbound", "received"), "the message from the phone")
    demand(len(client.messages.list(from_=PHONE, to=NUMBER)) == 1, "the list of both directions")


def verify(platform, listener):
    validator = RequestValidator(platform.secret)
    for path, headers, body in listener.calls:
        fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        signature = {name.lower(): value for name, value in headers.items()}["x-twilio-signature"]
        demand(fields["AccountSid"] == platform.account, "another account")
        demand(validator.validate(listener.url(path), fields, signature), f"{path} does not verify")
        demand(not validator.validate(listener.url(path), {**fields, "To": "+1"}, signature), "a change verifies")
        demand(not RequestValidator("wrong").validate(listener.url(path), fields, signature), "any token verifies")
    print(f"twilio's validator verified {len(listener.calls)} calls")


def story(platform):
    os.environ["REQUESTS_CA_BUNDLE"] = platform.ca
    client, listener = client_of(platform, platform.account, platform.secret), Listener()
    messages(platform, client, listener)
    refusals(platform, client)
    account(platform, client)
    services(client)
    phones(platform, client, listener)
    verify(platform, listener)


if __name__ == "__main__":
    play(story)
