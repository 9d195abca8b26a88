import { AxeBuilder } from '@axe-core/playwright';
import { expect } from 'vitest';
import { visit } from './support/browser.ts';
import { pages } from './support/scene.ts';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases('axe finds nothing on any page, in both themes and on a phone', async (stage) => {
  const { browser, waypost } = stage;
  const [healthy, failing] = [await stage.sink(204), await stage.sink(500, 'out of order')];
  const all = await pages(waypost, healthy.url, failing.url);
  const found: string[] = [];
  for (const view of [
    { theme: 'light' },
    { theme: 'dark' },
    { theme: 'light', width: 390, height: 844 },
  ] as const) {
    const seen = await visit(browser, waypost, view);
    for (const [name, path] of Object.entries(all)) {
      await seen.page.goto(path);
      await seen.page.getByRole('heading', { level: 1 }).waitFor();
      await seen.page.waitForLoadState('networkidle').catch(() => undefined);
      const { violations } = await new AxeBuilder({ page: seen.page }).analyze();
      for (const { id, nodes } of violations) {
        found.push(
          `${name} (${view.theme}, ${'width' in view ? view.width : 1280}): ${id}: ${nodes[0]?.html ?? ''}`,
        );
      }
    }
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
