// Sends one message and many, reads a state, lists, and shows what a refusal looks like.
// Needs nothing but Node 18: CHAPPE_URL=https://… CHAPPE_KEY=KEY.SECRET node send.mjs [NUMBER]
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const url = process.env.CHAPPE_URL.replace(/\/$/, "");
const openStates = new Set(["scheduled", "queued", "sending", "unknown", "submitted"]);
const tries = 6;

class Refused extends Error {
  constructor(problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}

// Asks, and asks again when that helps. `once` is the Idempotency-Key: without one, do not repeat a POST.
async function ask(method, path, body, once) {
  const headers = { Authorization: `Bearer ${process.env.CHAPPE_KEY}` };
  if (body) headers["Content-Type"] = "application/json";
  if (once) headers["Idempotency-Key"] = once;
  for (let left = tries - 1, pause = 1000; ; left -= 1, pause *= 2) {
    let answer, document;
    try {
      answer = await fetch(`${url}/api/v1${path}`, {
        method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(30_000),
      });
      document = await answer.json();
    } catch (error) {
      // No answer: nobody knows whether it was taken. The same key asks without sending twice.
      if (left === 0 || (method === "POST" && !once)) throw error;
      await sleep(pause);
      continue;
    }
    if (answer.ok) return document;
    // A refusal: nothing was done. Where waiting helps, it says how long.
    const wait = answer.headers.get("Retry-After");
    if (wait === null || left === 0) throw new Refused(document);
    await sleep(Number(wait) * 1000);
  }
}

const to = process.argv[2] ?? "+447400123456";

// One message. The key is yours, e.g. the number of an order; keep it until you have an answer.
const one = { from: "ACME", to, text: "Your table is ready.", client_reference: "order-4711" };
const [message] = (await ask("POST", "/messages", one, `order-4711-${randomUUID()}`)).messages;
console.log(`accepted ${message.id} for ${message.price.amount} ${message.price.unit}`);

// Many messages: all are taken or none.
const many = { from: "ACME", recipients: [to, { to: "+33612345678", client_reference: "b" }], text: "Hello" };
console.log(`accepted ${(await ask("POST", "/messages", many, randomUUID())).messages.length} messages`);

// What became of it? A webhook tells the same without asking.
let state = message.state;
for (let left = 60; left > 0 && openStates.has(state); left -= 1) {
  await sleep(1000);
  ({ state } = await ask("GET", `/messages/${message.id}`));
}
console.log(`state ${state}`);

// The list, page by page, newest first.
let count = 0;
let cursor = null;
do {
  const page = await ask("GET", `/messages?limit=2${cursor ? `&cursor=${cursor}` : ""}`);
  count += page.items.length;
  cursor = page.next_cursor;
} while (cursor !== null && count < 10);
console.log(`listed ${count} messages`);

// A refusal has a stable code and costs nothing.
try {
  await ask("POST", "/messages", { from: "ACME", to: "12", text: "Hello" });
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.log(`refused ${error.message}`);
}
