// Sends a short and a long message over SMPP, waits for their receipts, and shows what a refusal looks like.
// Needs node-smpp (`npm install smpp`): CHAPPE_SMPP=host:port CHAPPE_SMPP_SYSTEM_ID=… CHAPPE_SMPP_PASSWORD=… node send.js
"use strict";

const smpp = require("smpp");

const [host, port] = process.env.CHAPPE_SMPP.split(":");
const to = process.argv[2] ?? "447400123456";
const limitMs = 60_000;
const ended = new Map(); // by message id: what its receipt says

const session = smpp.connect({ host, port: Number(port) });
session.on("error", (error) => { console.error(error.message); process.exit(1); });
// A session that stays open is asked now and then whether it is still there.
session.on("enquire_link", (pdu) => session.send(pdu.response()));

const ask = (command, fields) => new Promise((resolve) => session[command](fields, resolve));

async function submit(number, fields) {
  const answer = await ask("submit_sm", {
    source_addr_ton: 5, source_addr_npi: 0, source_addr: "ACME",
    dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: number,
    registered_delivery: 1, ...fields,
  });
  if (answer.command_status === smpp.ESME_ROK) {
    // It is on stable storage.
    console.log(`accepted ${answer.message_id} to ${number}`);
    if (!ended.has(answer.message_id)) ended.set(answer.message_id, null);
  } else if ([smpp.ESME_RTHROTTLED, smpp.ESME_RMSGQFUL].includes(answer.command_status)) {
    console.log(`too fast: send it again after a moment ${number}`);
  } else {
    console.log(`refused 0x${answer.command_status.toString(16).padStart(8, "0")} to ${number}`);
  }
}

// A receipt, or what a phone wrote. It is told again unless it is answered.
session.on("deliver_sm", (pdu) => {
  session.send(pdu.response());
  const content = pdu.short_message?.message ?? pdu.short_message ?? "";
  const text = Buffer.isBuffer(content) ? content.toString("latin1") : content;
  const receipt = /id:(\S+) .*stat:(\S+)/.exec(text);
  if ((pdu.esm_class & 0x04) !== 0 && receipt) {
    ended.set(receipt[1], receipt[2]);
    console.log(`receipt ${receipt[1]} ${receipt[2]}`);
  } else {
    console.log(`${pdu.source_addr} wrote: ${text}`);
  }
});

session.on("connect", async () => {
  const bound = await ask("bind_transceiver", {
    system_id: process.env.CHAPPE_SMPP_SYSTEM_ID, password: process.env.CHAPPE_SMPP_PASSWORD, interface_version: 0x34,
  });
  if (bound.command_status !== smpp.ESME_ROK) throw new Error(`not bound: 0x${bound.command_status.toString(16)}`);
  const long = "A text that is longer than one part has room for goes whole, and is divided on its way. ".repeat(4);
  await Promise.all([
    submit(to, { short_message: "Your table is ready." }),
    submit(to, { message_payload: { message: long } }),
    submit("12", { short_message: "To nobody" }),
  ]);
  const end = Date.now() + limitMs;
  while ([...ended.values()].includes(null) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await ask("unbind", {});
  session.close();
  const done = [...ended.values()].filter((stat) => stat === "DELIVRD").length;
  console.log(`${done} of ${ended.size} messages were delivered`);
  process.exitCode = ended.size > 0 && done === ended.size ? 0 : 1;
});
