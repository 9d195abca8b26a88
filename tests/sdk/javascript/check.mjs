// The JavaScript SDKs as black boxes: `cloudevents` posts and reads, `standardwebhooks` signs and verifies.
//
// Posts every event in every mode to a running Waypost (WAYPOST_URL, WAYPOST_KEY), receives it through one subscription in
// structured and one in binary mode, and fails unless every delivery verifies and reads back as the event that was posted.

import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

import { CloudEvent, HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";

const server = process.env.WAYPOST_URL;
const bearer = { authorization: `Bearer ${process.env.WAYPOST_KEY}` };
const type = `com.example.javascript.${randomUUID()}`;
const arrived = new Map();

/** One request to Waypost; fails with the answer unless it is a success. */
async function call(method, path, headers, body) {
  const answer = await fetch(server + path, { method, headers, body, signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path} was answered ${answer.status}: ${text}`);
  return text === "" ? null : JSON.parse(text);
}

const api = (method, path, value) =>
  call(method, path, { ...bearer, "content-type": "application/json" }, JSON.stringify(value));

/** A receiver that keeps what arrives, by path and `webhook-id`. */
async function receive() {
  const receiver = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    arrived.set(`${request.url} ${request.headers["webhook-id"]}`, { headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(204).end();
  });
  await new Promise((ready) => receiver.listen(0, "127.0.0.1", ready));
  return receiver;
}

/** Events with every attribute and every kind of data the SDK writes. One new set per call. */
function events() {
  const common = () => ({ id: randomUUID(), source: "/sdk/javascript", type });
  return [
    new CloudEvent({ ...common(), datacontenttype: "application/json", data: { text: "Grüße, 世界 😀", list: [1, 2.5, null, true] } }),
    new CloudEvent({ ...common(), datacontenttype: "application/json; charset=utf-8", subject: "orders/42", data: { n: 1 } }),
    new CloudEvent({ ...common(), datacontenttype: "application/octet-stream", data: new Uint8Array(256).map((_, index) => index) }),
    new CloudEvent({
      ...common(),
      datacontenttype: "application/json",
      dataschema: "https://example.com/schema#v1",
      time: "2026-02-03T04:05:06.789Z",
      comexampleext: "extension value",
      data: ["a", "b"],
    }),
  ];
}

/** A batch of structured events; the SDK reads batches but has no writer for the array itself. */
const batched = (batch) => ({
  headers: { "content-type": "application/cloudevents-batch+json" },
  body: `[${batch.map((event) => HTTP.structured(event).body).join(",")}]`,
});

/** Posts a fresh set of events in each mode and gives them back by the identifier Waypost gave them. */
async function postAll(path, authorise, modes) {
  const posted = new Map();
  for (const mode of modes) {
    const batch = events();
    const messages = mode === "batched" ? [batched(batch)] : batch.map((event) => HTTP[mode](event));
    const receipts = [];
    for (const { headers, body } of messages) {
      const answer = await call("POST", path, { ...headers, ...authorise(body) }, body);
      receipts.push(...(answer.data ?? [answer]));
    }
    assert.equal(receipts.length, batch.length);
    receipts.forEach((receipt, index) => {
      assert.equal(receipt.duplicate, false);
      assert.ok(receipt.deliveries >= 2, JSON.stringify(receipt));
      posted.set(receipt.id, { mode, event: batch[index] });
    });
  }
  return posted;
}

const isText = (body) => Buffer.compare(Buffer.from(body.toString("utf8"), "utf8"), body) === 0;

/** Asks the library; for data that is no text, which the library can't take, computes what it would. */
function verify(secret, headers, body) {
  if (!isText(body)) {
    const signed = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`), body]);
    const digest = createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64")).update(signed).digest("base64");
    return assert.ok(headers["webhook-signature"].split(" ").includes(`v1,${digest}`), "the signature does not hold");
  }
  const webhook = new Webhook(secret);
  webhook.verify(body, headers, { jsonParse: false });
  assert.throws(() => webhook.verify(Buffer.concat([body, Buffer.from(" ")]), headers, { jsonParse: false }));
}

/** An event as a plain object, its data as bytes where it is binary, so that two of them can be compared. */
function plain(event) {
  const { data, data_base64: _, time, ...attributes } = event;
  const comparable = ArrayBuffer.isView(data) ? Buffer.from(data).toString("base64") : data;
  return JSON.parse(JSON.stringify({ ...attributes, time: new Date(time).toISOString(), data: comparable }));
}

/**
 * The event that a delivery holds, as the SDK reads it. Attributes in headers are percent-encoded (HTTP binding 3.1.3.2), which
 * version 10 of the SDK leaves to its caller.
 */
function read({ headers, body }) {
  const decoded = Object.entries(headers).map(([name, value]) => [name, name.startsWith("ce-") ? decodeURIComponent(value) : value]);
  return HTTP.toEvent({
    headers: Object.fromEntries(decoded),
    body: isText(body) ? body.toString("utf8") : new Uint8Array(body),
  });
}

const receiver = await receive();
const base = `http://127.0.0.1:${receiver.address().port}`;
const secrets = new Map();
for (const mode of ["structured", "binary"]) {
  const created = await api("POST", "/v1/subscriptions", { sink: `${base}/${mode}`, types: [type], config: { content_mode: mode } });
  secrets.set(`/${mode}`, created.secret);
}

const producer = await api("POST", "/v1/producers", { name: `javascript ${type}`, kind: "standard_webhooks" });
const signer = new Webhook(producer.secrets[0]);
const sign = (body) => {
  const [id, now] = [`msg_${randomUUID()}`, new Date()];
  const timestamp = String(Math.floor(now.getTime() / 1000));
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signer.sign(id, now, body) };
};
const posted = new Map([
  ...(await postAll("/v1/events", () => bearer, ["binary", "structured", "batched"])),
  ...(await postAll(`/v1/producers/${producer.id}/events`, sign, ["structured", "batched"])),
]);

const expected = [...secrets.keys()].flatMap((path) => [...posted.keys()].map((id) => [path, id]));
for (let tries = 0; tries < 600 && !expected.every(([path, id]) => arrived.has(`${path} ${id}`)); tries += 1) await wait(100);

let faults = 0;
for (const [path, id] of expected) {
  const { mode, event } = posted.get(id);
  try {
    const delivery = arrived.get(`${path} ${id}`);
    assert.ok(delivery, "it never arrived");
    verify(secrets.get(path), delivery.headers, delivery.body);
    assert.deepEqual(plain(read(delivery)), plain(event));
  } catch (error) {
    faults += 1;
    console.error(`posted ${mode}, delivered to ${path}: ${error.message}`);
  }
}
console.log(`javascript: ${expected.length - faults} of ${expected.length} deliveries verified and equal`);
receiver.close();
process.exit(faults > 0 || expected.length === 0 ? 1 : 0);
