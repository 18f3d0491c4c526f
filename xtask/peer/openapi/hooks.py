"""What schemathesis must know of the platform, beyond its OpenAPI document.

It is loaded by the stage `openapi` of the soak lane. Nothing here makes an answer pass: the texts of formats are
made as they should be, every connection comes from an address of its own, and the key in use is not thrown away.
"""

import itertools
import os

import requests
import schemathesis
import urllib3.util.connection as connections
from hypothesis import strategies as st

# Who guesses at keys is told to wait (429) after some tries, and so would be the check that tries wrong ones:
# each connection takes another address of the loopback network.
_sources = (f"127.{one}.{two}.{three}" for one, two, three in itertools.product(range(1, 255), repeat=3))
_connect = connections.create_connection


def _connect_from_elsewhere(address, *rest, **named):
    if address[0].startswith("127."):
        named["source_address"] = (next(_sources), 0)
    return _connect(address, *rest, **named)


connections.create_connection = _connect_from_elsewhere

# The form that no pattern can state: the bits behind the prefix are zero.
schemathesis.openapi.format(
    "ip-range",
    st.one_of(
        st.ip_addresses(v=4).map(str),
        st.ip_addresses(v=6).map(str),
        st.sampled_from(["192.0.2.0/24", "10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "0.0.0.0/0", "::/0"]),
    ),
)
# Zones are those of a database, and a table has a first line that names its columns.
schemathesis.openapi.format("time-zone", st.sampled_from(["", "UTC", "Europe/London", "America/New_York"]))
schemathesis.openapi.format(
    "contact-table",
    st.sampled_from(["number\n447911123456\n", "number,name,city\n447911123456,Ada,London\n"]),
)


def _own_key():
    """The id of the key in use; without that key every further answer would be 401."""
    key, secret = os.environ["CHAPPE_API_KEY"], os.environ["CHAPPE_API_SECRET"]
    answer = requests.get(f"http://{os.environ['CHAPPE_HTTP']}/api/v1/keys", auth=(key, secret), timeout=30)
    [own] = [item["id"] for item in answer.json()["items"] if item["key"] == key]
    return own


OWN_KEY = _own_key()


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.operation.path.startswith("/api/v1/keys/{id}") and case.method.upper() != "GET":
        if str((case.path_parameters or {}).get("id")) == OWN_KEY:
            case.path_parameters["id"] = "0"
