import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases('a key is made, shown once, and revoked', async ({ page }) => {
  const key = page.getByText(/^wp_[0-9a-z]{40}$/);
  await page.goto('/#/api-keys');
  await page.getByRole('button', { name: 'New API key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('reader');
  await dialog.getByLabel('events:read').check();
  await dialog.getByRole('button', { name: /^(Create|Make)/ }).click();
  const made = (await key.textContent()) ?? '';
  const read = () =>
    page.request.get('/v1/events', { headers: { authorization: `Bearer ${made}`, cookie: '' } });
  expect((await read()).status()).toBe(200);
  await page.reload();
  await page.getByRole('button', { name: 'Revoke reader' }).waitFor();
  expect(await key.count()).toBe(0);
  await page.getByRole('button', { name: 'Revoke reader' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Revoke/ })
    .click();
  await page.getByText(/^Revoked/).waitFor();
  expect((await read()).status()).toBe(401);
});

onBothDatabases('a tenant is made and looked into; its things are its own', async ({ page, waypost }) => {
  await waypost.post({ id: 'of-default', type: 'com.example.of.default' });
  await page.goto('/#/tenants');
  await page.getByRole('button', { name: 'New tenant' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('acme');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^(Create|Make)/ })
    .click();
  await page.getByText('Created the tenant acme').waitFor();
  await page.getByRole('button', { name: 'Show acme' }).click();
  await page.getByRole('link', { name: 'Events' }).click();
  await page.getByText('No events yet').waitFor();
  expect(await page.getByText('com.example.of.default').count()).toBe(0);

  // The address is all of it: a reload and a link given on lead to the same tenant, one without a tenant to the default.
  expect(page.url()).toContain('#/events?tenant=acme');
  await page.reload();
  await page.getByText('No events yet').waitFor();
  await page.goto('/#/events');
  await page.getByText('com.example.of.default').waitFor();
  await page.goBack();
  await page.getByText('No events yet').waitFor();
});

onBothDatabases('a producer is made, and says where to post and how to sign', async ({ page }) => {
  await page.goto('/#/producers');
  await page.getByRole('button', { name: 'New producer' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('payments');
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^(Create|Make)/ })
    .click();
  await page
    .getByText(/^whsec_.{20,}/)
    .first()
    .waitFor();
  await page.reload();
  await page
    .getByText(/\/v1\/producers\/prd_\w+\/events/)
    .first()
    .waitFor();
  expect(await page.getByText(/^whsec_.{20,}/).count()).toBe(0);
});

onBothDatabases('a producer is renamed, and its secret rotated', async ({ page, waypost }) => {
  const { id } = await waypost.call<{ id: string }>('POST', '/v1/producers', { name: 'payments' });
  const stored = async () =>
    (await waypost.call<{ data: string[] }>('GET', `/v1/producers/${id}/secrets`)).data;
  const [first] = await stored();
  await page.goto('/#/producers');
  await page.getByRole('button', { name: 'Rename… payments' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('billing');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('heading', { name: 'billing' }).waitFor();

  await page.getByRole('button', { name: 'New secret…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).click();
  await page.getByText('Older secret, still taken').waitFor();
  const both = await stored();
  expect(both).toHaveLength(2);
  expect(both[1]).toBe(first);

  await page.getByRole('button', { name: 'Remove the older secret' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove the secret' }).click();
  await expect.poll(stored).toEqual([both[0]]);
  // The last one can't be removed: its door would be open to nobody.
  await expect.poll(() => page.getByRole('button', { name: /^Remove the/ }).count()).toBe(0);
});
