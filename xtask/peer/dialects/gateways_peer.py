"""Programmes that were written for Kannel and for Jasmin send, and hear of every step at the address that they
name in the form of each.
"""

import json
import urllib.error
import urllib.parse
import urllib.request

from house import PHONE, Listener, demand, play, until

TO = PHONE[1:]


def ask(platform, path, **fields):
    known = {"username": platform.key, "password": platform.secret}
    url = f"http://{platform.http}{path}?{urllib.parse.urlencode({**known, **fields})}"
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def heard(listener, path, count):
    calls = until(f"{count} calls of {path}", lambda: len(listener.at(path)) >= count and listener.at(path))
    return [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query)) for url, _, _ in calls]


def kannel(platform, listener):
    url = listener.url("/kannel?mine=1&d=%d&to=%P&from=%p&id=%I&word=%a")
    fields = {"from": "Chappe", "to": f"{TO} 447400123457", "text": "Hello, €", "dlr-mask": 31, "dlr-url": url}
    status, line = ask(platform, "/cgi-bin/sendsms", **fields)
    words, ids = line.rsplit(": ", 1)
    demand((status, words) == (202, "0: Accepted for delivery"), line)
    calls = heard(listener, "/kannel", 4)
    demand({call["id"] for call in calls} == set(ids.split()), f"{calls}")
    mine = [call for call in calls if call["to"] == TO]
    demand([call["d"] for call in mine] == ["8", "1"], f"{mine}")
    demand(mine[1]["word"] == "DELIVRD" and mine[1]["mine"] == "1" and mine[1]["from"] == "Chappe", f"{mine}")
    status, line = ask(platform, "/cgi-bin/sendsms", **{**fields, "to": "nobody"})
    demand(status == 400 and line.startswith("Not routable."), line)
    status, line = ask(platform, "/cgi-bin/sendsms", **{**fields, "password": "wrong"})
    demand((status, line) == (403, "Authorization failed for sendsms"), line)
    fields = {"from": "Chappe", "to": TO, "text": "later", "deferred": 60}
    demand(ask(platform, "/cgi-bin/sendsms", **fields)[1].startswith("3: Queued"), "the time")


def jasmin(platform, listener):
    fields = {"from": "Chappe", "to": TO, "content": "Hello", "dlr": "yes", "dlr-level": 3,
              "dlr-url": listener.url("/jasmin")}
    status, line = ask(platform, "/send", **fields)
    demand(status == 200 and line.startswith('Success "'), line)
    calls = heard(listener, "/jasmin", 2)
    demand([call["message_status"] for call in calls] == ["ESME_ROK", "DELIVRD"], f"{calls}")
    demand([call["level"] for call in calls] == ["1", "2"] and calls[1]["dlvrd"] == "1", f"{calls}")
    demand(all(call["id"] == line.split('"')[1] for call in calls), "another message")
    status, text = ask(platform, "/rate", to=TO, content="x" * 200)
    demand(status == 200 and json.loads(text)["submit_sm_count"] == 2, text)
    status, text = ask(platform, "/balance")
    demand(status == 200 and 0 < json.loads(text)["balance"] < 250, text)
    demand(ask(platform, "/send", to=TO)[0] == 400, "nothing to send")
    demand(ask(platform, "/send", to=TO, content="x", password="wrong")[0] == 403, "a wrong password")


def story(platform):
    listener = Listener()
    kannel(platform, listener)
    jasmin(platform, listener)
    print(f"{len(listener.calls)} calls in the forms of Kannel and Jasmin")


if __name__ == "__main__":
    play(story)
