import { expect } from 'vitest';
import { deadLetters, deadLettersAre, onceOnly } from './support/scene.ts';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases('a failing sink is found on the overview, understood, fixed and redriven', async (stage) => {
  const { page, waypost } = stage;
  const sink = await stage.sink(500, 'the database of the shop is down');
  const id = await waypost.subscribe(sink.url, { description: 'orders to the shop', ...onceOnly });
  await deadLetters(waypost, 3);

  // Found: the worst subscription stands first.
  await page.goto('/#/?window=1h');
  const row = page.getByRole('row', { name: /orders to the shop/ });
  await row.waitFor();
  await row.getByRole('link', { name: '3', exact: true }).click();

  // Understood: what the sink answered, in words and as it was.
  await page.getByRole('button', { name: /Open the list of 3 dead letters/ }).click();
  await page.getByRole('table').getByRole('link', { name: /dlv_/ }).first().click();
  await page.getByRole('heading', { level: 1, name: /Delivery/ }).waitFor();
  await page.getByText('the database of the shop is down').waitFor();
  expect(await page.getByText('500').count()).toBeGreaterThan(0);

  // Fixed: one again by itself, to see it work.
  sink.answer.status = 204;
  await page.getByRole('button', { name: 'Redeliver', exact: true }).click();
  await page.getByText(/its next attempt is due now/).waitFor();
  await page.getByText('Delivered', { exact: true }).first().waitFor();

  // Redriven: the rest, after a preview of how many.
  await page.goto(`/#/dead-letters?subscription_id=${id}`);
  await page.getByRole('button', { name: 'Redrive…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive 2 dead letters' }).click();
  await page.getByText('Redriven: 2 dead letters').waitFor();
  await page.getByText('No dead letters match').waitFor();
  await expect.poll(() => sink.received.length, { timeout: 10_000 }).toBe(6);
});

onBothDatabases('dead letters are redriven in bulk, and purged only after a typed word', async (stage) => {
  const { page, waypost } = stage;
  const sink = await stage.sink(500);
  await waypost.subscribe(sink.url, onceOnly);
  await deadLetters(waypost, 12);
  await page.goto('/#/dead-letters');
  await page.getByRole('button', { name: 'Redrive all…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive 12 dead letters' }).click();
  await page.getByText('Redriven: 12 dead letters').waitFor();
  // They fail again, and are back. The old list says the same until it is asked for anew: the sink knows.
  await expect.poll(() => sink.received.length, { timeout: 15_000 }).toBe(24);
  await deadLettersAre(waypost, 12);
  await page.reload();
  await page.getByText('12 dead letters in 1 group').waitFor();

  await page.getByRole('button', { name: 'Purge all…' }).click();
  const dialog = page.getByRole('dialog');
  const purge = dialog.getByRole('button', { name: 'Purge 12 dead letters' });
  expect(await purge.isDisabled()).toBe(true);
  await dialog.getByRole('textbox').fill('purge');
  await purge.click();
  await page.getByText('Purged: 12 dead letters').waitFor();
  await page.getByText('No dead letters', { exact: true }).waitFor();
});

onBothDatabases('waiting deliveries count down and are cancelled and redelivered in bulk', async (stage) => {
  const { page, waypost } = stage;
  const sink = await stage.sink(503);
  await waypost.subscribe(sink.url, { config: { retry: { schedule_ms: [0, 600_000] } } });
  for (const id of ['1', '2', '3']) await waypost.post({ id });
  await page.goto('/#/deliveries');
  await expect.poll(() => page.getByText('Retrying').count(), { timeout: 15_000 }).toBe(3);
  await page
    .getByText(/^in \d+ (s|min)/)
    .first()
    .waitFor();

  await page
    .getByLabel(/^Mark dlv_/)
    .first()
    .check();
  await page.getByRole('button', { name: 'Cancel 1…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel 1 delivery' }).click();
  await page.getByText('Cancelled: 1 delivery').waitFor();
  await page.getByLabel('State').selectOption('pending');
  await expect.poll(() => page.url()).toContain('state=pending');
  await page.getByRole('button', { name: /In bulk/ }).click();
  await page.getByRole('menuitem', { name: 'Cancel all that match…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel 2 deliveries' }).click();
  await page.getByText('Cancelled: 2 deliveries').waitFor();

  sink.answer.status = 204;
  await page.goto('/#/deliveries?state=cancelled');
  await page.getByLabel(/^Mark all 3 deliveries/).check();
  await page.getByRole('button', { name: 'Redeliver 3' }).click();
  await page.getByText('Opened again: 3 deliveries').waitFor();
  await expect.poll(() => sink.received.length, { timeout: 10_000 }).toBe(6);
});
