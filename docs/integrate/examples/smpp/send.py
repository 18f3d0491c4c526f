"""Sends a short and a long message over SMPP, waits for their receipts, and shows what a refusal looks like.

Needs smpplib (`pip install smpplib`): CHAPPE_SMPP=host:port CHAPPE_SMPP_SYSTEM_ID=… CHAPPE_SMPP_PASSWORD=… python3 send.py
"""

import logging
import os
import re
import sys
import time

from smpplib import client, consts, gsm

LIMIT_S = 60
SILENCE_S = 10
waiting, ended = {}, {}  # by sequence number and by message id
logging.getLogger("smpplib").setLevel(logging.CRITICAL)  # it logs every PDU that it does not expect


def answered(pdu):
    """submit_sm_resp: it is on stable storage. Answers come in any order; the sequence number says to what."""
    if pdu.is_error():
        return  # smpplib has told `refused` of it, and tells this one too
    number = waiting.pop(pdu.sequence)
    print("accepted", pdu.message_id.decode(), "to", number, flush=True)
    ended.setdefault(pdu.message_id.decode(), None)


def refused(pdu):
    number = waiting.pop(pdu.sequence, None)
    if pdu.status in (consts.SMPP_ESME_RTHROTTLED, consts.SMPP_ESME_RMSGQFUL):
        print("too fast: send it again after a moment", number, flush=True)
    else:
        print(f"refused {pdu.status:#010x} to {number}", flush=True)


def received(pdu):
    """deliver_sm: a receipt, or what a phone wrote. It is told again unless it is answered, which smpplib does."""
    text = (pdu.short_message or b"").decode("latin-1")
    receipt = re.search(r"id:(\S+) .*stat:(\S+)", text)
    if pdu.esm_class & 0x04 and receipt:
        ended[receipt.group(1)] = receipt.group(2)
        print("receipt", receipt.group(1), receipt.group(2), flush=True)
    else:
        print(pdu.source_addr.decode(), "wrote:", text, flush=True)
    return consts.SMPP_ESME_ROK


def submit(link, to, text):
    # make_parts chooses the alphabet and divides; every part has an id, a price and a receipt of its own.
    parts, coding, esm_class = gsm.make_parts(text)
    for part in parts:
        pdu = link.send_message(
            source_addr_ton=consts.SMPP_TON_ALNUM, source_addr_npi=consts.SMPP_NPI_UNK, source_addr="ACME",
            dest_addr_ton=consts.SMPP_TON_INTL, dest_addr_npi=consts.SMPP_NPI_ISDN, destination_addr=to,
            short_message=part, data_coding=coding, esm_class=esm_class, registered_delivery=1,
        )
        waiting[pdu.sequence] = to


def main():
    host, port = os.environ["CHAPPE_SMPP"].rsplit(":", 1)
    to = sys.argv[1] if len(sys.argv) > 1 else "447400123456"
    link = client.Client(host, int(port), timeout=SILENCE_S, allow_unknown_opt_params=True)
    link.set_message_sent_handler(answered)
    link.set_message_received_handler(received)
    link.set_error_pdu_handler(refused)
    link.connect()
    link.bind_transceiver(
        system_id=os.environ["CHAPPE_SMPP_SYSTEM_ID"], password=os.environ["CHAPPE_SMPP_PASSWORD"]
    )
    submit(link, to, "Your table is ready.")
    submit(link, to, "A text that is longer than one part has room for, and so goes as several. " * 4)
    submit(link, "12", "To nobody")
    end = time.monotonic() + LIMIT_S
    while (waiting or None in ended.values()) and time.monotonic() < end:
        # After a silence of SILENCE_S it asks by enquire_link whether the other side is still there.
        link.read_once()
    link.unbind()
    link.disconnect()
    done = [stat for stat in ended.values() if stat == "DELIVRD"]
    print(len(done), "of", len(ended), "parts were delivered")
    return 0 if ended and len(done) == len(ended) else 1


if __name__ == "__main__":
    sys.exit(main())
