// Pictures of every page, both themes and phone width: `make screenshots`, then look at them.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'vitest';
import { arrive, openBrowser, type View, visit, visitSignedOut } from './support/browser.ts';
import { pages } from './support/scene.ts';
import { startSink } from './support/sink.ts';
import { startWaypost } from './support/waypost.ts';

const folder = join(import.meta.dirname, '../screenshots');
const views: Record<string, View> = {
  light: { theme: 'light' },
  dark: { theme: 'dark' },
  phone: { theme: 'light', width: 390, height: 844 },
  'phone-dark': { theme: 'dark', width: 390, height: 844 },
};

test('pictures of every page', { timeout: 300_000 }, async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const waypost = await startWaypost('sqlite');
  const [healthy, failing] = [await startSink(204), await startSink(500, 'out of order')];
  const browser = await openBrowser();
  const all = await pages(waypost, healthy.url, failing.url);
  for (const [view, look] of Object.entries(views)) {
    const stranger = await visitSignedOut(browser, waypost, look);
    await stranger.page.goto('/');
    await stranger.page.getByLabel('API key').waitFor();
    await stranger.page.screenshot({ path: join(folder, `sign-in-${view}.png`) });
    await stranger.close();
    const seen = await visit(browser, waypost, look);
    for (const [name, path] of Object.entries(all)) {
      await arrive(seen.page, path);
      // Charts and countdowns come after the heading.
      await seen.page.waitForTimeout(700);
      await seen.page.screenshot({ path: join(folder, `${name}-${view}.png`), fullPage: true });
    }
    await seen.close();
  }
  await browser.close();
  await Promise.all([healthy.stop(), failing.stop()]);
  await waypost.stop();
});
