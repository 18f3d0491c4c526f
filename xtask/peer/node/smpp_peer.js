// A second customer that we have not written: node-smpp binds by SMPP 5.0 and carries out every operation that a
// customer may.
//
// It binds, waits for a line on standard input so that others can watch the session from its beginning, and exits
// with 0 when every answer was the right one; otherwise it says what was wrong and exits with 1.
"use strict";

const smpp = require("smpp");

const SENDER = "Chappe";
const ANSWER_LIMIT_MS = 15000;
const RECEIPT_LIMIT_MS = 45000;
// Statuses of SMPP 3.4, section 5.1.3, and 5.0.
const OK = 0x00, INVALID_COMMAND = 0x03, INVALID_PRIORITY = 0x06, CANCEL_FAILED = 0x11, REPLACE_FAILED = 0x13;
const INVALID_LIST = 0x34, INVALID_MESSAGE_ID = 0x0c;
// States of SMPP 5.0, section 4.7.15.
const SCHEDULED = 0, DELETED = 4;
// `esm_class` of receipts and of notifications before the end, section 5.2.12.
const TYPE_BITS = 0x3c, RECEIPT = 0x04, INTERMEDIATE = 0x20;
// In ten minutes.
const LATER = "000000001000000R";

smpp.addTLV("acme_route", { id: 0x1401, type: smpp.types.tlv.cstring });

const options = Object.fromEntries(process.argv.slice(2).map((word) => word.replace(/^--/, "").split("=")));
const session = smpp.connect({ host: options.host, port: Number(options.port) });
const receipts = new Map(); // message id -> the words `stat` of its receipts, in their order
const waiting = new Set(); // functions that look whether what they wait for is there

const fail = (text) => { console.error(`node-smpp: ${text}`); process.exit(1); };
const demand = (condition, text) => { if (!condition) fail(text); };
const hex = (number) => `0x${number.toString(16)}`;

const within = (limit, what, promise) => {
  let timer;
  const late = new Promise((_, refuse) => { timer = setTimeout(() => refuse(new Error(`no ${what} within ${limit} ms`)), limit); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

const ask = async (command, fields, status = OK, answer = `${command}_resp`) => {
  const given = await within(ANSWER_LIMIT_MS, answer, new Promise((resolve) => session[command](fields, resolve)));
  demand(given.command === answer, `${command} was answered by ${given.command}`);
  demand(given.command_status === status, `${command} was answered with ${hex(given.command_status)}, not ${hex(status)}`);
  return given;
};

const addresses = (to) => ({
  source_addr_ton: 5, source_addr_npi: 0, source_addr: SENDER,
  dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: to,
});

const submit = async (to, fields = {}, status = OK) => {
  const answer = await ask("submit_sm", { ...addresses(to), short_message: "Hello from another client", ...fields }, status);
  if (status === OK) {
    demand(answer.message_id, "submit_sm_resp has no message_id");
    demand(Number.isInteger(answer.congestion_state), "submit_sm_resp says nothing of congestion");
  }
  return answer.message_id;
};

const receiptOf = (id, stat) => within(RECEIPT_LIMIT_MS, `${stat} of ${id}`, new Promise((resolve) => {
  const look = () => {
    if (!(receipts.get(id) || []).includes(stat)) return;
    waiting.delete(look);
    resolve();
  };
  waiting.add(look);
  look();
}));

const stateOf = async (id) => (await ask("query_sm", { message_id: id, source_addr_ton: 5, source_addr_npi: 0, source_addr: SENDER })).message_state;

session.on("deliver_sm", (pdu) => {
  const text = (pdu.short_message && pdu.short_message.message) || pdu.short_message || "";
  const fields = /^id:(\S+) .*stat:(\S+) /.exec(Buffer.isBuffer(text) ? text.toString("latin1") : text);
  demand(fields, `a deliver_sm is no receipt: ${text}`);
  const [, id, stat] = fields;
  const isStep = stat === "ACCEPTD" || stat === "ENROUTE";
  demand((pdu.esm_class & TYPE_BITS) === (isStep ? INTERMEDIATE : RECEIPT), `${stat} has esm_class ${hex(pdu.esm_class)}`);
  demand(pdu.receipted_message_id.replace(/\0$/, "") === id, "receipted_message_id differs from the text");
  receipts.set(id, [...(receipts.get(id) || []), stat]);
  session.send(pdu.response());
  for (const look of waiting) look();
});
session.on("error", (error) => fail(error.message));

const sending = async () => {
  const steps = await submit("4915112345611", { registered_delivery: 0x11 });
  await receiptOf(steps, "DELIVRD");
  demand(receipts.get(steps).includes("ACCEPTD"), "no notification before the end was told");

  const data = await ask("data_sm", {
    ...addresses("4915112345612"), registered_delivery: 1, message_payload: "Hello by data_sm", set_dpf: 1,
  });
  demand(data.dpf_result === 0, `dpf_result is ${data.dpf_result}`);
  await receiptOf(data.message_id, "DELIVRD");

  const destination = (digits) => ({ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: digits });
  const multi = (list) => ({
    source_addr_ton: 5, source_addr_npi: 0, source_addr: SENDER, dest_address: list, registered_delivery: 1,
    short_message: "Hello to several",
  });
  const before = receipts.size;
  const several = await ask("submit_multi", multi([destination("4915112345613"), destination("4915112345614")]));
  await receiptOf(several.message_id, "DELIVRD");
  await within(RECEIPT_LIMIT_MS, "second receipt", new Promise((resolve) => {
    const look = () => { if (receipts.size >= before + 2) { waiting.delete(look); resolve(); } };
    waiting.add(look);
    look();
  }));
  await ask("submit_multi", multi([{ dl_name: "friends" }]), INVALID_LIST);

  // SMPP 5.0 asks for receipts of successes only by 3.
  const failing = await submit("4915112340001", { registered_delivery: 3 });
  await receiptOf(await submit("4915112345615", { registered_delivery: 3 }), "DELIVRD");
  demand(!receipts.has(failing), "a failure was told though only successes were asked for");

  const id = await submit("4915112345616", {
    registered_delivery: 1, priority_flag: 1, validity_period: LATER, protocol_id: 0, service_type: "OTP",
    user_message_reference: 513, acme_route: "gold",
  });
  await receiptOf(id, "DELIVRD");
  await submit("4915112345617", { priority_flag: 9 }, INVALID_PRIORITY);
};

const managing = async () => {
  const waits = (to, fields = {}) => submit(to, { schedule_delivery_time: LATER, ...fields });
  const one = await waits("4915112345621");
  demand(await stateOf(one) === SCHEDULED, "a message that waits is not SCHEDULED");
  const withdraw = { message_id: one, ...addresses("4915112345621") };
  await ask("cancel_sm", withdraw);
  demand(await stateOf(one) === DELETED, "a message that was withdrawn is not DELETED");
  await ask("cancel_sm", withdraw, CANCEL_FAILED);
  await ask("query_sm", { message_id: "nonsense", source_addr: "" }, INVALID_MESSAGE_ID);

  const both = [await waits("4915112345622"), await waits("4915112345622")];
  await ask("cancel_sm", { message_id: "", ...addresses("4915112345622") });
  for (const id of both) demand(await stateOf(id) === DELETED, "withdrawing by addresses left a message");
  await ask("cancel_sm", { message_id: "", ...addresses("4915112345622") }, CANCEL_FAILED);

  const old = await waits("4915112345623");
  const kept = await waits("4915112345623", { service_type: "OTP" });
  const fresh = await waits("4915112345623", { replace_if_present_flag: 1 });
  const states = [await stateOf(old), await stateOf(kept), await stateOf(fresh)];
  demand(`${states}` === `${[DELETED, SCHEDULED, SCHEDULED]}`, `after a replacement the states are ${states}`);
  await ask("replace_sm", { message_id: fresh, source_addr: SENDER, short_message: "Hello anew" }, REPLACE_FAILED);
  await ask("cancel_sm", { message_id: "", ...addresses("4915112345623") });
};

const converse = async () => {
  const bound = await ask("bind_transceiver", {
    system_id: options["system-id"], password: options.password, interface_version: 0x50,
  });
  demand(bound.sc_interface_version === 0x50, `sc_interface_version is ${bound.sc_interface_version}`);
  console.log("bound");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  await ask("enquire_link", {});
  await sending();
  await managing();
  await ask("broadcast_sm", { source_addr: SENDER }, INVALID_COMMAND, "generic_nack");
  await ask("unbind", {});
  console.log(`node-smpp: every operation was answered as it should be, ${receipts.size} messages were reported`);
};

session.once("connect", () => converse().then(() => process.exit(0), (error) => fail(error.message)));
