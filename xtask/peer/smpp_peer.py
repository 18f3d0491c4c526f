"""A customer that we have not written: smpplib sends messages and waits for their receipts.

Exits with 0 when every message was accepted under its own id, every id was reported as delivered
exactly once and is found so by query_sm, and steps were told before the end; otherwise it says what was wrong and exits with 1.
"""

import argparse
import logging
import re
import socket
import sys
import time

from smpplib import client, consts, exceptions, gsm, smpp

SENDER = "Chappe"
ANSWER_LIMIT_S = 15
RECEIPT_LIMIT_S = 45
DELIVERED = 2  # message_state, SMPP 3.4 section 5.2.28
RECEIPT_BITS = 0x3C  # the message type bits of esm_class, SMPP 3.4 section 5.2.12
RECEIPT = 0x04
INTERMEDIATE = 0x20
ENROUTE = 1  # message_state
STEPS = ("ACCEPTD", "ENROUTE")
ALL_AND_STEPS = 0x11  # registered_delivery, SMPP 3.4 section 5.2.17
LATER = "000000001000000R"  # in ten minutes, section 7.1.1

LONG_TEXT = "Signals pass from tower to tower across the plain, arm by arm. " * 7
MESSAGES = [
    # name, destination, text, parts
    ("a short one in the default alphabet", "4915112345601", "Hello from a foreign client: £ 5 @ noon {[€]}", 1),
    ("a long one in parts with a header", "4915112345602", LONG_TEXT, 3),
    ("one in UCS-2 with an emoji", "4915112345603", "Привет, башня! \U0001F5FC", 1),
]


class Mismatch(Exception):
    """What was seen is not what the standard or our promise says."""


def demand(condition, text):
    if not condition:
        raise Mismatch(text)


def text_of(value):
    if value is None:
        return ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class Customer:
    """One bound session and what came back over it."""

    def __init__(self, host, port):
        self.session = client.Client(host, port, timeout=1, allow_unknown_opt_params=True)
        self.session.set_message_sent_handler(self.answered)
        self.session.set_message_received_handler(self.received)
        self.session.set_error_pdu_handler(self.refused)
        self.submitted = {}  # sequence number -> (name, destination)
        self.accepted = {}  # message id -> (name, destination)
        self.receipts = {}  # message id -> destination
        self.steps = set()  # message ids of which a step was told
        self.queried = []  # query_sm_resp
        self.session.set_query_resp_handler(self.queried.append)

    def submit(self, name, destination, text, registered_delivery=ALL_AND_STEPS, **fields):
        parts, coding, esm_class = gsm.make_parts(text)
        for part in parts:
            pdu = self.session.send_message(
                source_addr_ton=consts.SMPP_TON_ALNUM,
                source_addr_npi=consts.SMPP_NPI_UNK,
                source_addr=SENDER,
                dest_addr_ton=consts.SMPP_TON_INTL,
                dest_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=destination,
                short_message=part,
                data_coding=coding,
                esm_class=esm_class,
                registered_delivery=registered_delivery,
                **fields,
            )
            self.submitted[pdu.sequence] = (name, destination)
        return len(parts), coding

    def answered(self, pdu):
        sent = self.submitted.pop(pdu.sequence, None)
        demand(sent is not None, f"a submit_sm_resp for sequence {pdu.sequence}, which was not sent")
        message_id = text_of(pdu.message_id)
        demand(message_id, f"{sent[0]}: the response has no message_id")
        demand(message_id not in self.accepted, f"{sent[0]}: message_id {message_id} was given twice")
        self.accepted[message_id] = sent

    def refused(self, pdu):
        sent = self.submitted.get(pdu.sequence, ("", ""))
        meaning = consts.DESCRIPTIONS.get(pdu.status, "unknown status")
        raise Mismatch(f"{sent[0]} {pdu.command} has status {pdu.status:#x}: {meaning}")

    def received(self, pdu):
        demand(pdu.command == "deliver_sm", f"{pdu.command} was not asked for")
        text = text_of(pdu.short_message)
        fields = dict(re.findall(r"(id|sub|dlvrd|submit date|done date|stat|err):(\S*)", text))
        missing = {"id", "submit date", "done date", "stat", "err"} - set(fields)
        demand(not missing, f"a receipt lacks {sorted(missing)}: {text!r}")
        message_id = fields["id"]
        kind = INTERMEDIATE if fields["stat"] in STEPS else RECEIPT
        demand(pdu.esm_class & RECEIPT_BITS == kind, f"{fields['stat']} has esm_class {pdu.esm_class:#x}")
        if kind == INTERMEDIATE:
            demand(message_id not in self.receipts, f"a step of {message_id} was told after its end")
            self.steps.add(message_id)
            return consts.SMPP_ESME_ROK
        demand(fields["stat"] == "DELIVRD", f"message {message_id} is {fields['stat']}, not DELIVRD")
        tlv_id = text_of(pdu.receipted_message_id)
        demand(tlv_id == message_id, f"the text says {message_id}, receipted_message_id says {tlv_id!r}")
        demand(pdu.message_state == DELIVERED, f"message {message_id}: message_state is {pdu.message_state}")
        demand(message_id not in self.receipts, f"message {message_id} was reported twice")
        destination = text_of(pdu.source_addr)
        demand(text_of(pdu.destination_addr) == SENDER, f"a receipt went to {text_of(pdu.destination_addr)!r}")
        self.receipts[message_id] = destination
        return consts.SMPP_ESME_ROK

    def read_until(self, done, limit_s, what):
        end = time.monotonic() + limit_s
        while not done():
            demand(time.monotonic() < end, f"waited {limit_s} s in vain for {what}")
            try:
                self.session.read_once(auto_send_enquire_link=False)
            except socket.timeout:
                continue

    def enquire(self):
        """Sends enquire_link and reads until its response; receipts may come in between."""
        pdu = smpp.make_pdu("enquire_link", client=self.session)
        self.session.send_pdu(pdu)
        answers = []
        read = self.session.read_pdu

        def watched():
            answer = read()
            if answer.command == "enquire_link_resp":
                answers.append(answer)
            return answer

        self.session.read_pdu = watched
        try:
            self.read_until(lambda: answers, ANSWER_LIMIT_S, "enquire_link_resp")
        finally:
            self.session.read_pdu = read
        demand(answers[0].sequence == pdu.sequence, "enquire_link_resp has another sequence number")

    def state_of(self, message_id):
        """Asks by query_sm what became of a message."""
        self.queried.clear()
        self.session.query_message(
            message_id=message_id,
            source_addr_ton=consts.SMPP_TON_ALNUM,
            source_addr_npi=consts.SMPP_NPI_UNK,
            source_addr=SENDER,
        )
        self.read_until(lambda: self.queried, ANSWER_LIMIT_S, "query_sm_resp")
        answer = self.queried[0]
        demand(text_of(answer.message_id) == message_id, "query_sm_resp tells of another message")
        return answer.message_state

    def check_receipts(self):
        for message_id, destination in self.receipts.items():
            demand(message_id in self.accepted, f"a receipt for {message_id}, an id that was never given")
            name, sent_to = self.accepted[message_id]
            demand(destination == sent_to, f"{name}: the receipt comes from {destination!r}, not {sent_to!r}")


def converse(arguments):
    logging.disable(logging.CRITICAL)  # the library's own words would stand before ours
    customer = Customer(arguments.host, arguments.port)
    customer.session.connect()
    try:
        check(customer, arguments)
    finally:
        customer.session.disconnect()


def check(customer, arguments):
    answer = customer.session.bind_transceiver(system_id=arguments.system_id, password=arguments.password)
    demand(answer.command == "bind_transceiver_resp", f"the bind was answered by {answer.command}")
    customer.enquire()
    total = 0
    for name, destination, text, expected in MESSAGES:
        parts, coding = customer.submit(name, destination, text)
        demand(parts == expected, f"{name}: smpplib made {parts} parts, the test expects {expected}")
        total += parts
    customer.read_until(lambda: len(customer.accepted) == total, ANSWER_LIMIT_S, f"{total} responses")
    customer.read_until(lambda: len(customer.receipts) >= total, RECEIPT_LIMIT_S, f"{total} receipts")
    customer.check_receipts()
    untold = [message_id for message_id in customer.accepted if message_id not in customer.steps]
    demand(not untold, f"no step was told of {len(untold)} messages")
    for message_id in list(customer.accepted):
        state = customer.state_of(message_id)
        demand(state == DELIVERED, f"query_sm says {state} of {message_id}, its receipt said DELIVRD")
    customer.submit("one that waits", "4915112345604", "Later", 0, schedule_delivery_time=LATER)
    customer.read_until(lambda: not customer.submitted, ANSWER_LIMIT_S, "the response to one that waits")
    waiting = next(reversed(customer.accepted))
    demand(customer.state_of(waiting) == ENROUTE, "a message that waits is not ENROUTE")
    customer.enquire()
    answer = customer.session.unbind()
    demand(answer.command == "unbind_resp", f"unbind was answered by {answer.command}")
    demand(not answer.is_error(), f"unbind was answered with status {answer.status:#x}")
    print(f"smpplib: {total} messages accepted and reported as delivered")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--system-id", required=True)
    parser.add_argument("--password", required=True)
    try:
        converse(parser.parse_args())
    except Mismatch as mismatch:
        sys.exit(f"smpplib: {mismatch}")
    except (exceptions.ConnectionError, exceptions.PDUError, OSError) as error:
        sys.exit(f"smpplib: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
