import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect, vi } from 'vitest';
import { arrive, visit } from './support/browser.ts';
import { onceOnly, pages } from './support/scene.ts';
import { onBothDatabases } from './support/stage.ts';

// Twenty pages in one test, on a machine that may have more to do.
vi.setConfig({ testTimeout: 150_000 });

const views = {
  'in light': { theme: 'light' },
  'in dark': { theme: 'dark' },
  'on a phone': { theme: 'light', width: 390, height: 844 },
} as const;

/** What axe finds on a page as it stands. */
async function faults(page: Page, where: string): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes[0]?.html ?? ''}`);
}

// A test for each view: every page three times takes longer than one test may.
for (const [look, view] of Object.entries(views)) {
  onBothDatabases(
    `axe finds nothing on any page ${look}`,
    async (stage) => {
      const { page, waypost } = stage;
      const [healthy, failing] = [await stage.sink(204), await stage.sink(500, 'out of order')];
      const all = await pages(waypost, healthy.url, failing.url);
      const found: string[] = [];
      for (const [name, path] of Object.entries(all)) {
        await arrive(page, path);
        found.push(...(await faults(page, name)));
      }
      expect(found).toEqual([]);
    },
    view,
  );
}

onBothDatabases('axe finds nothing on open dialogs and menus, and where an answer failed', async (stage) => {
  const { browser, waypost } = stage;
  const sink = await stage.sink(204);
  const id = await waypost.subscribe(sink.url, { description: 'orders to the shop', ...onceOnly });
  const found: string[] = [];
  for (const [look, view] of Object.entries(views)) {
    const seen = await visit(browser, waypost, view);
    const { page } = seen;
    const check = async (what: string) => found.push(...(await faults(page, `${what} ${look}`)));

    await arrive(page, `/#/subscriptions/${id}`);
    await page.getByRole('button', { name: 'Rotate…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).waitFor();
    await check('dialog');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Account and settings' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    await check('menu');

    await page.route(/\/v1\/deliveries\?/, (route) =>
      route.fulfill({
        status: 500,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          status: 500,
          code: 'internal',
          title: 'Internal error',
          detail: 'It is broken.',
        }),
      }),
    );
    await arrive(page, '/#/deliveries?state=pending');
    await page.getByRole('alert').getByText('It is broken.').waitFor();
    await check('error');
    seen.expectNoComplaints();
    await seen.close();
  }
  expect(found).toEqual([]);
});

onBothDatabases(
  'axe finds nothing on the way in',
  async ({ page }) => {
    await page.goto('/');
    await page.getByLabel('API key').waitFor();
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  },
  { isSignedIn: false },
);
