import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases(
  'a draft is tried on events of the past, and says which clause keeps the others out',
  async (stage) => {
    const { page, waypost } = stage;
    for (let number = 1; number <= 3; number++) await waypost.post({ id: `order-${number}` });
    await waypost.post({ id: 'invoice-1', type: 'com.example.invoice.created' });
    await page.goto('/#/subscriptions/new');
    const which = page.getByRole('group', { name: 'Which events' });
    const filters = which.getByRole('textbox', { name: 'Filters' });
    const attempt = which.getByRole('button', { name: 'Try on the past' });
    await filters.fill('[{ "sql": "type LIKE " }]');
    await attempt.click();
    // What is wrong with the draft stands at its field, as when it is saved.
    await expect.poll(() => filters.getAttribute('aria-invalid')).toBe('true');

    await filters.fill('[{ "prefix": { "type": "com.example.order." } }]');
    await attempt.click();
    await which.getByText('3 of 4 events would match').waitFor();
    await expect.poll(() => filters.getAttribute('aria-invalid')).toBeNull();
    await which.getByText('Do not match (1)').click();
    await which.getByText('/filters/0/prefix/type').waitFor();
    await which.getByText('com.example.invoice.created', { exact: true }).last().waitFor();

    // What was found is not said of other filters.
    await filters.fill('[{ "prefix": { "type": "com.example." } }]');
    await which.getByText('What was found is not of what is written now.').waitFor();
    const { data } = await waypost.call<{ data: unknown[] }>('GET', '/v1/subscriptions');
    expect(data).toEqual([]);
  },
);
