// Fixtures over the control API of a sandbox, for Vitest, Jest or any other runner. Needs no package.
//
//   eval "$(charthouse env)"

import { createServer } from "node:http";
import { once } from "node:events";

const { SANDBOX_URL, SANDBOX_KEY, CHARTHOUSE_URL } = process.env;

/** Run a control: control("POST", "clock/advance", { by: "3h" }). docs/sandbox-controls.md lists them. */
export async function control(method, path, body) {
  const response = await fetch(`${SANDBOX_URL}/${path}`, {
    method,
    headers: { Authorization: `Bearer ${SANDBOX_KEY}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(content)}`);
  return content;
}

/** A practice of the test's own: doctor, office, patients, app with token, API user. No other sees it. */
export const createPractice = (options = {}) => control("POST", "practices", options);

/** Calls of DrChrono's API with a token: await drchrono(token)("GET", "patients"). */
export const drchrono = (token) => (method, path, body) =>
  fetch(`${CHARTHOUSE_URL}/api/${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

/** Calls of Cerbo's API as an API user. */
export const cerbo = ({ username, secret }) => (method, path, body) =>
  fetch(`${CHARTHOUSE_URL}/api/v1/${path}`, {
    method,
    headers: { Authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}` },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

/** Receive the webhooks of a practice's app: const hooks = await receive(practice); await hooks.waitFor("PATIENT_MODIFY"). */
export async function receive(practice) {
  const received = [], waiting = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.end();
    received.push({ event: request.headers["x-drchrono-event"], headers: request.headers, body: Buffer.concat(chunks).toString() });
    waiting.splice(0).forEach((check) => check());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}/hooks`;
  const webhook = await control("POST", "webhooks", { url, client_id: practice.app.client_id });
  return {
    secret: webhook.secret,
    async waitFor(event, ms = 20_000) {
      const until = Date.now() + ms;
      for (;;) {
        const found = received.findIndex((each) => each.event === event);
        if (found >= 0) return received.splice(found, 1)[0];
        if (Date.now() > until) throw new Error(`no ${event}; received: ${received.map((each) => each.event)}`);
        await new Promise((resolve) => { waiting.push(resolve); setTimeout(resolve, 200).unref?.(); });
      }
    },
    async close() {
      await control("DELETE", `webhooks/${webhook.id}`);
      server.closeAllConnections();
      server.close();
    },
  };
}
