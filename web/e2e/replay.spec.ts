import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases(
  'what a subscription missed is counted, replayed, and the job watched to its end',
  async (stage) => {
    const { page, waypost } = stage;
    const sink = await stage.sink(204);
    for (let number = 1; number <= 3; number++) await waypost.post({ id: `early-${number}` });
    await waypost.post({ id: 'other', type: 'com.example.other' });
    const id = await waypost.subscribe(sink.url, {
      description: 'came late',
      types: ['com.example.order.created'],
    });
    await page.goto(`/#/subscriptions/${id}`);
    await page.getByRole('button', { name: 'Replay…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Replay the past' });
    await dialog.getByLabel('From').fill('');
    await dialog.getByRole('button', { name: 'Count first' }).click();
    // The problem stands at its field, before anything is sent.
    await expect.poll(() => dialog.getByLabel('From').getAttribute('aria-invalid')).toBe('true');
    const hourAgo = new Date(Date.now() - 3_600_000 - new Date().getTimezoneOffset() * 60_000);
    await dialog.getByLabel('From').fill(hourAgo.toISOString().slice(0, 16));
    await dialog.getByRole('button', { name: 'Count first' }).click();
    await dialog.getByText('3 events would be delivered').waitFor();
    expect(sink.received).toHaveLength(0);

    // What was counted for other fields is not started.
    await dialog.getByLabel('Which events').selectOption('failed');
    await dialog.getByRole('button', { name: 'Count first' }).click();
    await dialog.getByText('Nothing to replay').waitFor();
    await dialog.getByLabel('Which events').selectOption('missing');
    await dialog.getByRole('button', { name: 'Count first' }).click();
    await dialog.getByRole('button', { name: 'Start the replay' }).click();

    await page.getByRole('heading', { level: 1, name: /^Replay job_/ }).waitFor();
    await page.getByText('Completed', { exact: true }).waitFor();
    await expect.poll(() => sink.received.length, { timeout: 10_000 }).toBe(3);
    expect(sink.received.every(({ headers }) => String(headers['waypost-replay']).startsWith('job_'))).toBe(
      true,
    );
    await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
    await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
    await page.getByRole('link', { name: 'came late' }).waitFor();
  },
);

onBothDatabases('a replay is paused, resumed and cancelled from the list of jobs', async (stage) => {
  const { page, waypost } = stage;
  const sink = await stage.sink(204);
  for (let number = 1; number <= 5; number++) await waypost.post({ id: `early-${number}` });
  const id = await waypost.subscribe(sink.url, { description: 'slowly' });
  // One a minute: it stays where it is for as long as this test looks.
  const after = new Date(Date.now() - 3_600_000).toISOString();
  const job = await waypost.call<{ id: string }>('POST', `/v1/subscriptions/${id}/replay`, {
    after,
    rate_per_second: 1 / 60,
  });
  const state = async () => (await waypost.call<{ state: string }>('GET', `/v1/jobs/${job.id}`)).state;
  await page.goto('/#/jobs');
  await page.getByRole('button', { name: /^Pause/ }).click();
  await page.getByText(/^Paused the replay/).waitFor();
  await expect.poll(state).toBe('paused');
  await page.getByRole('button', { name: /^Resume/ }).click();
  await page.getByText('The replay goes on where it stood').waitFor();
  await expect.poll(state).toBe('running');
  await page.getByRole('button', { name: /^Cancel/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the replay' }).click();
  await page.getByText('Cancelled the replay').waitFor();
  await expect.poll(state).toBe('cancelled');
  await page.getByRole('table').getByText('Cancelled', { exact: true }).waitFor();
});
