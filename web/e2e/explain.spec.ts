import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases(
  'an event says why it did not arrive: the clause that failed, what it has and what was wanted',
  async (stage) => {
    const { page, waypost } = stage;
    const sink = await stage.sink(204);
    await waypost.subscribe(sink.url, { description: 'takes all' });
    await waypost.subscribe(sink.url, {
      description: 'invoices only',
      filters: [{ prefix: { type: 'com.example.invoice.' } }],
    });
    const held = await waypost.subscribe(sink.url, { description: 'on holiday' });
    await waypost.call('POST', `/v1/subscriptions/${held}/pause`);
    const event = await waypost.post({ id: 'order-1' });

    await page.goto(`/#/events/${event}`);
    const why = page.getByRole('region', { name: 'Why it did or did not arrive' });
    await why.getByRole('button', { name: 'Explain' }).click();
    await why.getByText('of 3 subscriptions').waitFor();
    const refused = why.getByRole('listitem').filter({ hasText: 'invoices only' });
    await refused.getByText('/filters/0/prefix/type').waitFor();
    await refused.getByText('com.example.order.created', { exact: true }).waitFor();
    await refused.getByText('com.example.invoice.', { exact: true }).waitFor();
    await why
      .getByRole('listitem')
      .filter({ hasText: 'on holiday' })
      .getByText('Matched while paused')
      .waitFor();

    // The filter stands in the address: a reload, or a link given on, shows the same.
    await why.getByLabel('Outcome').selectOption('matched');
    await expect
      .poll(() => why.getByText('invoices only', { exact: true }).and(why.getByRole('link')).count())
      .toBe(0);
    await page.reload();
    await why.getByRole('link', { name: 'takes all' }).waitFor();
    expect(await why.getByRole('link', { name: 'invoices only' }).count()).toBe(0);
  },
);
