// Debian's Chromium, and pages that fail a test when they complain.

import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { KEY, type Waypost } from './waypost.ts';

/** How a page is looked at. */
export interface View {
  width?: number;
  height?: number;
  theme?: 'light' | 'dark';
}

/** A page of the dashboard, and what it complained of. */
export interface Visit {
  page: Page;
  /** Fails if a script failed, the Content-Security-Policy refused something, or anything was written as an error. */
  expectNoComplaints(): void;
  close(): Promise<void>;
}

/** Starts the browser. */
export function openBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** Opens the dashboard, signed in with the administrator's key. */
export async function visit(browser: Browser, waypost: Waypost, view: View = {}): Promise<Visit> {
  const visit = await visitSignedOut(browser, waypost, view);
  const answer = await visit.page.request.post(`${waypost.base}/v1/session`, { data: { api_key: KEY } });
  expect(answer.status()).toBe(201);
  return visit;
}

/** Opens a page anew, and waits until what it asked for is there: a skeleton has nothing to find fault with. */
export async function arrive(page: Page, path: string): Promise<void> {
  // From another page of the dashboard only the hash would change, and the old heading would do for the new one.
  await page.goto('about:blank');
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await settled(page);
}

/** Waits until nothing is being loaded, and nothing that came asks for more. */
export async function settled(page: Page): Promise<void> {
  const skeletons = () => page.locator('[data-loading]').count();
  for (let quiet = 0; quiet < 3; quiet += 1) {
    await expect.poll(skeletons, { timeout: 15_000 }).toBe(0);
    await page.waitForTimeout(50);
  }
}

/** Opens the browser at nothing yet, with nobody signed in. */
export async function visitSignedOut(browser: Browser, waypost: Waypost, view: View = {}): Promise<Visit> {
  const { width = 1280, height = 900, theme = 'light' } = view;
  const context = await browser.newContext({
    baseURL: waypost.base,
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The browser itself reports answers that are no success; the pages show those, and tests look at that.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
  });
  return {
    page,
    expectNoComplaints: () => expect(complaints).toEqual([]),
    close: () => context.close(),
  };
}
