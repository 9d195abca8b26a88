/** A producer's address for its events, on the server this page came from. */
export function addressOf(producer: { path: string }, origin: string): string {
  return `${origin}${producer.path}`;
}

/** How a producer posts a signed event from a shell; the secret comes from the environment, never from this page. */
export function shellExample(address: string): string {
  return `body='{"specversion":"1.0","id":"1","source":"/payments","type":"com.example.paid","data":{"amount":42}}'
id="msg_$(openssl rand -hex 8)"; at=$(date +%s)
key=$(printf %s "\${WAYPOST_SECRET#whsec_}" | base64 -d | od -An -vtx1 | tr -d ' \\n')
signature=$(printf '%s.%s.%s' "$id" "$at" "$body" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
curl -i '${address}' \\
  -H 'content-type: application/cloudevents+json' \\
  -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$signature" \\
  --data-raw "$body"`;
}

/** The same for Node.js, with nothing but its own modules. */
export function nodeExample(address: string): string {
  return `import { createHmac, randomUUID } from 'node:crypto';

const key = Buffer.from(process.env.WAYPOST_SECRET.replace('whsec_', ''), 'base64');
const id = randomUUID();
const at = Math.floor(Date.now() / 1000);
const body = JSON.stringify({
  specversion: '1.0', id, source: '/payments', type: 'com.example.paid', data: { amount: 42 },
});
const signature = createHmac('sha256', key).update(\`\${id}.\${at}.\${body}\`).digest('base64');
await fetch('${address}', {
  method: 'POST',
  headers: {
    'content-type': 'application/cloudevents+json',
    'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': \`v1,\${signature}\`,
  },
  body,
});`;
}
