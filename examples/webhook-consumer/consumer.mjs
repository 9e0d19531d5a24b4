// Receives webhooks of DrChrono's API (signed) and of Cerbo's (recognized by a header), each once.
//
//   WEBHOOK_SECRET=whsec_… HEADER_SECRET=… node consumer.mjs
//   charthouse listen --forward-to http://127.0.0.1:3000/hooks --secret whsec_…

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const MAX_BODY = 5_000_000; // bytes
const TOLERANCE = 300; // seconds

/** Whether a body was signed with the secret, as Standard Webhooks says, and not long ago. */
export function isSigned(secret, headers, body, now = Date.now() / 1000) {
  const id = headers["webhook-id"], timestamp = headers["webhook-timestamp"];
  if (!id || !timestamp || Math.abs(now - Number(timestamp)) > TOLERANCE || Number.isNaN(Number(timestamp))) return false;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  return String(headers["webhook-signature"] ?? "").split(" ").some((part) => {
    const sent = Buffer.from(part.replace(/^v1,/, ""), "base64");
    return sent.length === expected.length && timingSafeEqual(sent, expected);
  });
}

/** What a receiver answers to prove that it knows the secret. */
export function answerVerification(secret, msg) {
  return { secret_token: createHmac("sha256", secret).update(msg).digest("hex") };
}

/** A server that calls handle(event, data) once for each webhook. Returns node's server. */
export function createConsumer({ secret, headerSecret, handle }) {
  const seen = new Set(); // a real one keeps them in its database

  async function receive(request, response) {
    const url = new URL(request.url, "http://localhost");
    const msg = url.searchParams.get("msg");
    if (request.method === "GET" && msg !== null && msg.length <= 256) return reply(response, 200, answerVerification(secret, msg));
    if (request.method !== "POST") return reply(response, 405, {});
    const chunks = [];
    let size = 0;
    for await (const chunk of request) {
      size += chunk.length;
      if (size > MAX_BODY) return reply(response, 413, {});
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks);
    const ofApp = request.headers["x-drchrono-event"];
    const known = ofApp ? isSigned(secret, request.headers, body) : headerSecret && request.headers.authorization === `Bearer ${headerSecret}`;
    if (!known) return reply(response, 401, {});
    const sent = JSON.parse(body);
    const id = ofApp ? request.headers["webhook-id"] : sent.event_id;
    reply(response, 200, {}); // answer first, then work
    if (seen.has(id)) return;
    seen.add(id);
    await handle(ofApp ?? sent.event_type, ofApp ? sent.object : sent.data);
  }

  return createServer((request, response) => {
    receive(request, response).catch(() => response.headersSent || reply(response, 400, {}));
  });
}

function reply(response, status, content) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(content));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { WEBHOOK_SECRET: secret, HEADER_SECRET: headerSecret, PORT = "3000" } = process.env;
  const handle = (event, data) => console.log(event, data?.id ?? "");
  createConsumer({ secret, headerSecret, handle }).listen(Number(PORT), "127.0.0.1", () => console.log(`Waiting on port ${PORT}`));
}
