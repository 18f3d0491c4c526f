// Takes what the platform tells, and verifies it (Standard Webhooks).
// Needs nothing but Node 18: CHAPPE_WEBHOOK_SECRET=whsec_… PORT=8090 node webhook.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const key = Buffer.from(process.env.CHAPPE_WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
const toleranceS = 300;
const bodyOctetsMax = 1024 * 1024;
const known = new Set(); // In your programme: a table, kept for some days.

function isSigned(headers, body) {
  const stamp = headers["webhook-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - Number(stamp)) <= toleranceS)) return false;
  const mac = createHmac("sha256", key).update(`${headers["webhook-id"]}.${stamp}.`).update(body);
  const expected = Buffer.from(`v1,${mac.digest("base64")}`);
  // While a secret is being replaced there are two signatures.
  return (headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const given = Buffer.from(one);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

createServer(async (request, response) => {
  const chunks = [];
  let octets = 0;
  for await (const chunk of request) {
    octets += chunk.length;
    if (octets > bodyOctetsMax) return response.writeHead(413).end();
    chunks.push(chunk);
  }
  // The body as it came: parsed and written again it has another signature.
  const body = Buffer.concat(chunks);
  if (!isSigned(request.headers, body)) return response.writeHead(401).end();
  // Any 2xx within 15 seconds means that you have it. Without one it is told again.
  response.writeHead(204).end();
  if (known.has(request.headers["webhook-id"])) return;
  known.add(request.headers["webhook-id"]);
  const { type, data } = JSON.parse(body);
  if (type === "inbound.received") console.log(`${data.from} wrote: ${data.text}`);
  // message.delivered is the receipt of a phone; `client_reference` is yours.
  else console.log(`${type} ${data.id} ${data.client_reference}`);
}).listen(Number(process.env.PORT ?? 8090));
