// npx vitest run. For Jest: `import { expect, test } from "@jest/globals"`, and NODE_OPTIONS=--experimental-vm-modules npx jest --testMatch '**/*.test.mjs'
import { expect, test } from "vitest";
import { cerbo, control, createPractice, drchrono, receive } from "./charthouse.mjs";

test("a patient is renamed: both APIs and a webhook say so", async () => {
  const practice = await createPractice();
  const call = drchrono(practice.token.access_token);
  const hooks = await receive(practice);
  const { id } = practice.patients[0];
  expect((await call("PATCH", `patients/${id}`, { first_name: "Grace" })).status).toBe(204);
  expect(JSON.parse((await hooks.waitFor("PATIENT_MODIFY")).body).object.first_name).toBe("Grace");
  expect((await (await cerbo(practice.api_user)("GET", `patients/${id}`)).json()).first_name).toBe("Grace");
  await hooks.close();
});

test("a call that fails is one that fails", async () => {
  const practice = await createPractice();
  const call = drchrono(practice.token.access_token);
  await control("POST", "faults", { kind: "429", practice: practice.id, count: 1 });
  expect((await call("GET", "patients")).status).toBe(429);
  expect((await call("GET", "patients")).status).toBe(200);
});
