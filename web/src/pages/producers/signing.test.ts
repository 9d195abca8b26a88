import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { addressOf, nodeExample, shellExample } from './signing';

const secret = Buffer.from('a secret of some twenty-four bytes!!').toString('base64');

it('builds the address on the server the page came from', () => {
  expect(addressOf({ path: '/v1/producers/prd_a/events' }, 'https://waypost.example')).toBe(
    'https://waypost.example/v1/producers/prd_a/events',
  );
});

it('gives a shell example that signs as Standard Webhooks has it', () => {
  // `curl` is replaced by a function that tells what it was called with.
  const script = `curl() { for part in "$@"; do printf '%s\\n' "$part"; done; }\n${shellExample('http://a.example/')}`;
  const parts = execFileSync('bash', ['-c', script], {
    env: { ...process.env, WAYPOST_SECRET: `whsec_${secret}` },
    encoding: 'utf8',
  }).split('\n');
  const header = (name: string) =>
    parts.find((part) => part.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
  const body = parts[parts.indexOf('--data-raw') + 1];
  const signed = `${header('webhook-id')}.${header('webhook-timestamp')}.${body}`;
  const expected = createHmac('sha256', Buffer.from(secret, 'base64')).update(signed).digest('base64');
  expect(header('webhook-signature')).toBe(`v1,${expected}`);
});

it('posts the Node.js example to the producer', () => {
  expect(nodeExample('http://a.example/in')).toContain("fetch('http://a.example/in'");
});
