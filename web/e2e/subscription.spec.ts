import { createHmac, createPublicKey, verify } from 'node:crypto';
import { expect } from 'vitest';
import type { Received } from './support/sink.ts';
import { onBothDatabases } from './support/stage.ts';

/** Whether one of the signatures of a delivery is of this secret (Standard Webhooks). */
function isSignedWith(secret: string, { headers, body }: Received): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const expected = `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(expected);
}

/** Whether a delivery's `v1a` signature is of the private half of this public key. */
function isVerifiedBy(publicKey: string, { headers, body }: Received): boolean {
  const raw = Buffer.from(publicKey.replace('whpk_', ''), 'base64');
  // SubjectPublicKeyInfo of Ed25519 (RFC 8410).
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const given = String(headers['webhook-signature'])
    .split(' ')
    .find((each) => each.startsWith('v1a,'));
  return (
    given !== undefined && verify(null, Buffer.from(content), key, Buffer.from(given.slice(4), 'base64'))
  );
}

onBothDatabases(
  'a subscription is created, tested, and its secret rotated with both signing',
  async (stage) => {
    const { page, waypost } = stage;
    const sink = await stage.sink(200, 'thank you');
    await page.goto('/#/subscriptions/new');
    await page.getByLabel('Sink', { exact: true }).fill('not a url');
    await page.getByRole('button', { name: 'Create' }).click();
    // The problem stands at the field it is about.
    await expect
      .poll(() => page.getByLabel('Sink', { exact: true }).getAttribute('aria-invalid'))
      .toBe('true');
    await page.getByLabel('Sink', { exact: true }).fill(sink.url);
    await page.getByLabel('Description').fill('made on the page');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { level: 1, name: 'made on the page' }).waitFor();

    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByRole('dialog', { name: 'The sink took the test event' }).waitFor();
    await page.getByRole('dialog').getByText('thank you').waitFor();
    await page.keyboard.press('Escape');

    const secrets = page.getByRole('region', { name: 'Signing secret' });
    // Asked for only now.
    expect(await page.content()).not.toContain('whsec_');
    await secrets.getByRole('button', { name: 'Show' }).click();
    const before =
      (await secrets
        .getByText(/^whsec_/)
        .first()
        .textContent()) ?? '';
    await secrets.getByRole('button', { name: 'Rotate…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).click();
    await page.getByText('Older secret').waitFor();
    const now =
      (await secrets
        .getByText(/^whsec_/)
        .first()
        .textContent()) ?? '';
    expect(now).not.toBe(before);

    const tested = sink.received.length;
    await waypost.post({ id: 'after-rotation' });
    await expect.poll(() => sink.received.length, { timeout: 10_000 }).toBe(tested + 1);
    const delivered = sink.received[tested];
    expect(delivered && [isSignedWith(before, delivered), isSignedWith(now, delivered)]).toEqual([
      true,
      true,
    ]);
  },
);

onBothDatabases(
  'a subscription is paused, resumed and deleted, and each action says what happened',
  async (stage) => {
    const { page, waypost } = stage;
    const sink = await stage.sink(204);
    const id = await waypost.subscribe(sink.url, { description: 'to be held' });
    await page.goto(`/#/subscriptions/${id}`);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText(/^Paused .to be held/).waitFor();
    await waypost.post({ id: 'held' });
    await page.getByText('next when the subscription is resumed').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText(/^Resumed .to be held/).waitFor();
    await expect.poll(() => sink.received.length, { timeout: 10_000 }).toBe(1);
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('delete');
    await page.getByRole('button', { name: 'Delete the subscription' }).click();
    await page.getByText(/^Deleted .to be held/).waitFor();
    await page.getByRole('heading', { level: 1, name: 'Subscriptions' }).waitFor();
  },
);

onBothDatabases(
  'a key pair signs where it is asked for, and the page shows what verifies it',
  async (stage) => {
    const { page, waypost } = stage;
    const sink = await stage.sink(204);
    const id = await waypost.subscribe(sink.url, { description: 'to be signed twice' });
    await page.goto(`/#/subscriptions/${id}/edit`);
    await page.getByLabel('Sign with a key pair too').check();
    await page.getByLabel('Content mode').selectOption('data');
    await page.getByLabel('Policy', { exact: true }).selectOption('knative');
    // With the waits that the policy has, to be read and changed.
    await expect.poll(() => page.getByLabel('First wait').inputValue()).toBe('200ms');
    await page.getByRole('button', { name: 'Save the changes' }).click();
    const shown = page.getByRole('region', { name: 'Public key' }).getByText(/^whpk_/);
    const publicKey = (await shown.textContent()) ?? '';
    await waypost.post({ id: 'signed', data: { total: 1 } });
    await expect.poll(() => sink.received.length, { timeout: 10_000 }).toBe(1);
    const [delivered] = sink.received;
    expect(delivered && isVerifiedBy(publicKey, delivered)).toBe(true);
    expect(delivered?.body).toBe('{"total":1}');
  },
);

onBothDatabases(
  'a filter in SQL tells its mistake at its field, and its doubts on the page',
  async (stage) => {
    const { page, waypost } = stage;
    const sink = await stage.sink(204);
    const id = await waypost.subscribe(sink.url, { description: 'in SQL' });
    await page.goto(`/#/subscriptions/${id}/edit`);
    const filters = page.getByLabel('Filters', { exact: false }).first();
    await filters.fill(JSON.stringify([{ sql: 'type = ' }]));
    await page.getByRole('button', { name: 'Save the changes' }).click();
    await expect.poll(() => filters.getAttribute('aria-invalid')).toBe('true');
    await filters.fill(JSON.stringify([{ sql: "type = 'a' OR type = 'b' AND source = '/c'" }]));
    await page.getByRole('button', { name: 'Save the changes' }).click();
    await page.getByRole('heading', { level: 1, name: 'in SQL' }).waitFor();
    await page
      .getByRole('region', { name: 'Settings' })
      .getByRole('listitem')
      .filter({ hasText: '/filters/0' })
      .waitFor();
  },
);

onBothDatabases(
  'a subscription that is unverified says what to do, and is verified on its page',
  async (stage) => {
    const { page, waypost } = stage;
    const sink = await stage.sink(204);
    const id = await waypost.subscribe(sink.url, {
      description: 'to be asked',
      config: { handshake: 'required' },
    });
    await page.goto(`/#/subscriptions/${id}`);
    await page.getByText('It gets no events until its sink agrees to deliveries from here.').waitFor();
    const verify = page.getByRole('button', { name: 'Verify', exact: true });
    await verify.click();
    await page.getByRole('dialog', { name: 'The sink did not agree to deliveries' }).waitFor();
    await page.getByRole('dialog').getByText('Nothing is delivered until it agrees').waitFor();
    await page.keyboard.press('Escape');

    sink.answer.headers = { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '120' };
    await verify.click();
    await page.getByRole('dialog', { name: 'The sink agrees to deliveries' }).waitFor();
    await page.getByRole('dialog').getByText('It allows 120 requests a minute.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Active', { exact: true }).waitFor();
    await page.getByRole('region', { name: 'Handshake' }).getByText('Agreed', { exact: true }).waitFor();
  },
);
