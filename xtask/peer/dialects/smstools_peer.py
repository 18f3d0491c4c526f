"""A customer of Smstools: the client that is generated from its OpenAPI document, unmodified but for the host,
sends, lists, withdraws and opts out, and reads every answer by its strict types.
"""

import hashlib
import hmac
import json
import time
import urllib.request

import smstools
from house import NUMBER, PHONE, Listener, demand, play, until
from smstools.exceptions import BadRequestException

TO = PHONE[1:]


def refused(number, ask):
    try:
        ask()
    except BadRequestException as error:
        demand(json.loads(error.body)["error"] == number, error.body)
        return
    demand(False, f"not refused with {number}")


def ask(platform, method, path, body=None):
    """What the generated client lacks: lists of recipients, and making webhooks."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{platform.http}/v1{path}", data, method=method)
    for name, value in (("X-Client-Id", platform.key), ("X-Client-Secret", platform.secret),
                        ("Content-Type", "application/json")):
        request.add_header(name, value)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def client_of(platform, secret):
    keys = {"clientId": platform.key, "clientSecret": secret}
    configuration = smstools.Configuration(host=f"http://{platform.http}", api_key=keys)
    return smstools.DefaultApi(smstools.ApiClient(configuration))


def send(client, **fields):
    wish = {"message": "Hello", "to": PHONE, "sender": "Chappe", **fields}
    return client.send_text_message(smstools.SendTextMessageRequest.from_dict(wish))


def messages(platform, client):
    sent = send(client, reference="order-1", message="Hello, €")
    until("the delivery", lambda: client.get_history().messages[0].status == "delivered")
    listed = client.get_history(limit=1, page=1)
    demand((listed.total, listed.shown, listed.messages[0].message_id) == (1, 1, sent.messageid), f"{listed}")
    demand(listed.messages[0].message == "Hello, €", "another text")
    many = ask(platform, "POST", "/message/send",
               {"message": "x", "to": [PHONE, "+447400123457"], "sender": "Chappe"})
    demand(len(many["messageids"]) == 2, f"{many}")
    tried = ask(platform, "POST", "/message/send",
                {"message": "x", "to": PHONE, "sender": "Chappe", "test": True})
    demand(tried == {"messageid": None} and client.get_history().total == 3, "a test was sent")
    later = time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + 86400))
    send(client, message="later", date=later)
    waiting = client.get_outbox().messages
    demand(len(waiting) == 1 and waiting[0].message == "later", f"{waiting}")
    client.remove_from_outbox(str(waiting[0].id))
    demand(not client.get_outbox().messages, "the outbox is not empty")


def refusals(platform, client):
    refused("112", lambda: send(client, message=""))
    refused("106", lambda: send(client, to="nobody"))
    refused("111", lambda: send(client, sender="a sender too long"))
    refused("104", lambda: client_of(platform, "wrong").get_balance())
    refused("138", lambda: client.list_groups())


def account(client):
    balance = client.get_balance()
    demand(0 < float(balance.credits) < 250 and balance.currency == "EUR", f"{balance}")
    demand(client.get_account().credits < 250, "the account")
    demand(client.list_statistics().sent >= 3, "figures")
    client.list_virtual_mobile_numbers()


def optouts(platform, client):
    client.create_optout(smstools.CreateOptoutRequest(number="+447400123458"))
    demand([one.number for one in client.list_optouts()] == ["447400123458"], "the list")
    refused("131", lambda: send(client, to="+447400123458"))
    client.remove_optout("447400123458")
    demand(not client.list_optouts(), "the list is not empty")


def hooks(platform, client, listener):
    secret = ask(platform, "POST", "/webhook/create", {
        "webhook_endpoint": listener.url("/hook"), "webhook_method": "POST",
        "webhook_types": ["delivery_report", "inbox_message"]})["secret"]
    sent = send(client, message="told", reference="order-2")
    until("a receipt", lambda: any(sent.messageid.encode() in body for _, _, body in listener.at("/hook")))
    platform.sign_in()
    platform.phone_writes("How are you?")
    calls = until("what the phone wrote", lambda: b"How are you?" in listener.at("/hook")[-1][2] and listener.at("/hook"))
    for _, headers, body in calls:
        headers = {name.lower(): value for name, value in headers.items()}
        seconds = headers["x-smstools-timestamp"]
        digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        demand(headers["x-smstools-signature"] == f"t={seconds},v1={digest}", "the signature")
        demand(abs(time.time() - int(seconds)) < 300, "the time")
    told = [json.loads(body) for _, _, body in calls]
    receipt = [one for one in told if one["message"]["messageid"] == sent.messageid][0]
    inbox = told[-1]
    demand((receipt["message"]["delivery_code"], receipt["message"]["reference"]) == ("1", "order-2"), f"{receipt}")
    demand((inbox["webhook_type"], inbox["message"]["content"]) == ("inbox_message", "How are you?"), f"{inbox}")
    demand(client.get_inbox().messages[0].message == "How are you?", "the inbox")
    demand(client.get_conversation(TO).conversation[0].direction == "inbound", "the conversation")
    print(f"{len(calls)} calls are signed; the number was {NUMBER}")


def story(platform):
    client, listener = client_of(platform, platform.secret), Listener()
    messages(platform, client)
    refusals(platform, client)
    account(client)
    optouts(platform, client)
    hooks(platform, client, listener)


if __name__ == "__main__":
    play(story)
