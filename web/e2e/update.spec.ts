import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases(
  'parts that are gone after an upgrade are told of, and nothing hangs',
  async ({ page, waypost }) => {
    await waypost.call('POST', '/v1/api-keys', { name: 'orders service', scopes: ['events:write'] });
    await page.goto('/#/api-keys');
    const revoke = page.getByRole('button', { name: 'Revoke orders service' });
    await revoke.waitFor();
    const parts = /\/assets\/.*\.js$/;
    await page.route(parts, (route) => route.fulfill({ status: 404 }));
    const account = page.getByRole('button', { name: /account/i });
    await account.click();
    await page.getByText('Waypost was updated').waitFor();
    await expect.poll(() => account.getAttribute('aria-expanded')).toBe('false');
    // Asks, is not answered, and nothing is revoked; the button can be pressed again.
    await revoke.click();
    await revoke.click();
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.unroute(parts);
    await page.getByRole('button', { name: 'Reload' }).click();
    await revoke.waitFor();
    await revoke.click();
    await page.getByRole('dialog').waitFor();
  },
);
