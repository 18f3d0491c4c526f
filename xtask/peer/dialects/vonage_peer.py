"""A customer of Vonage: its official Python library, unmodified but for the host, sends by both APIs, and its
checks of signatures look at every call that it is told by.
"""

import hashlib
import json
import os
import time
import urllib.parse
import urllib.request

import jwt
from house import NUMBER, PHONE, Listener, demand, play, until
from vonage import Auth, HttpClientOptions, Vonage
from vonage_http_client import AuthenticationError, HttpRequestError
from vonage_jwt import verify_signature
from vonage_messages.models import Sms
from vonage_sms import SmsMessage
from vonage_sms.errors import SmsError

TO = PHONE[1:]


def client_of(platform, secret):
    options = HttpClientOptions(api_host=platform.https, rest_host=platform.https)
    return Vonage(Auth(api_key=platform.key, api_secret=secret), options)


def refused(kind, text, ask):
    try:
        ask()
    except kind as error:
        demand(text in str(error), f"{error} does not say {text}")
        return
    demand(False, f"not refused with {text}")


def sms_api(platform, client, listener):
    message = SmsMessage(
        to=TO, from_="Chappe", text="Hello, €", type="unicode", client_ref="order-1", ttl=60000,
        callback=listener.url("/dlr?mine=1"))
    answer = client.sms.send(message)
    sent = answer.messages[0]
    demand((sent.status, sent.to, sent.client_ref, sent.network) == ("0", TO, "order-1", "23420"), f"{sent}")
    demand(float(sent.message_price) > 0 and float(sent.remaining_balance) < 250, "prices")
    told = until("two receipts", lambda: len(listener.at("/dlr")) >= 2 and listener.at("/dlr"))
    fields = [dict(urllib.parse.parse_qsl(body.decode())) for _, _, body in told]
    demand([one["status"] for one in fields] == ["accepted", "delivered"], f"{fields}")
    demand(all(one["messageId"] == sent.message_id for one in fields), "another message")
    binary = client.sms.send(SmsMessage(to=TO, from_="Chappe", text="x", type="binary", body="0011", udh="06050415811581"))
    demand(binary.messages[0].status == "0", "binary")
    refused(SmsError, "code 3", lambda: client.sms.send(SmsMessage(to="nobody", from_="Chappe", text="x")))
    refused(SmsError, "code 15", lambda: client.sms.send(SmsMessage(to=TO, from_="a sender too long", text="x")))
    wrong = client_of(platform, "wrong")
    refused(SmsError, "code 4", lambda: wrong.sms.send(SmsMessage(to=TO, from_="Chappe", text="x")))


def signed(platform):
    """The library signs fields that it does not send, so that its signer is asked for those that are sent."""
    for method in ("md5", "sha1", "sha256", "sha512"):
        for secret, status in ((platform.secret, "0"), ("wrong", "14")):
            auth = Auth(api_key=platform.key, signature_secret=secret, signature_method=method)
            fields = {"api_key": platform.key, "from": "Chappe", "to": TO, "text": f"signed & sealed = {method}"}
            fields["sig"] = auth.sign_params(fields)
            data = urllib.parse.urlencode(fields).encode()
            with urllib.request.urlopen(f"http://{platform.http}/sms/json", data) as answer:
                found = json.load(answer)["messages"][0]["status"]
            demand(found == status, f"{method}: {found}")


def messages_api(platform, client, listener):
    url = listener.url("/status")
    sent = client.messages.send(Sms(to=TO, from_="Chappe", text="Hello", client_ref="order-2", webhook_url=url))
    told = until("two steps", lambda: len(listener.at("/status")) >= 2 and listener.at("/status"))
    steps = [json.loads(body) for _, _, body in told]
    demand([one["status"] for one in steps] == ["submitted", "delivered"], f"{steps}")
    demand(all(one["message_uuid"] == sent.message_uuid for one in steps), "another message")
    refused(HttpRequestError, "422", lambda: client.messages.send(Sms(to=TO, from_="a sender too long", text="x")))
    wrong = client_of(platform, "wrong")
    refused(AuthenticationError, "401", lambda: wrong.messages.send(Sms(to=TO, from_="Chappe", text="x")))


def account(client):
    demand(0 < client.account.get_balance().value < 250, "the balance")
    client.numbers.list_owned_numbers()


def phones(platform, listener):
    platform.sign_in()
    for kind in ("vonage", "vonage_messages"):
        url = listener.url(f"/{kind}")
        platform.native("PUT", "/webhooks/default", f'{{"url": "{url}", "kind": "{kind}"}}')
        platform.phone_writes("How are you?")
        until("what the phone wrote", lambda: listener.at(f"/{kind}"))
    fields = dict(urllib.parse.parse_qsl(listener.at("/vonage")[0][2].decode()))
    demand((fields["text"], fields["msisdn"], fields["to"]) == ("How are you?", TO, NUMBER[1:]), f"{fields}")
    body = json.loads(listener.at("/vonage_messages")[0][2])
    demand((body["text"], body["from"], body["to"]) == ("How are you?", TO, NUMBER[1:]), f"{body}")


def verify(platform, listener):
    auth = Auth(api_key=platform.key, signature_secret=platform.secret, signature_method="sha256")
    for path, headers, body in listener.calls:
        headers = {name.lower(): value for name, value in headers.items()}
        if "authorization" in headers:
            token = headers["authorization"].removeprefix("Bearer ")
            demand(verify_signature(token, platform.secret), f"{path} does not verify")
            demand(not verify_signature(token, "wrong"), "any secret verifies")
            claims = jwt.decode(token, platform.secret, algorithms=["HS256"])
            demand(claims["payload_hash"] == hashlib.sha256(body).hexdigest(), "the hash of another body")
            demand(abs(claims["iat"] - time.time()) < 60, "the time of the token")
        else:
            fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
            demand(auth.check_signature(dict(fields)), f"{path} does not verify")
            demand(not auth.check_signature({**fields, "to": "1"}), "a change verifies")
    print(f"vonage's checks verified {len(listener.calls)} calls")


def story(platform):
    os.environ["REQUESTS_CA_BUNDLE"] = platform.ca
    client, listener = client_of(platform, platform.secret), Listener()
    sms_api(platform, client, listener)
    signed(platform)
    messages_api(platform, client, listener)
    account(client)
    phones(platform, listener)
    verify(platform, listener)


if __name__ == "__main__":
    play(story)
