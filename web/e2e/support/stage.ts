// What each test stands on: a server on each database, a browser, and a way to clean up.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { openBrowser, type View, visit, visitSignedOut } from './browser.ts';
import { databases } from './database.ts';
import { type Sink, startSink } from './sink.ts';
import { startWaypost, type Waypost } from './waypost.ts';
import type { Page } from 'playwright-core';

/** What a test is given. */
export interface Stage {
  page: Page;
  waypost: Waypost;
  browser: Browser;
  /** An endpoint that ends with the test. */
  sink(status?: number, body?: string): Promise<Sink>;
}

interface Options extends View {
  /** Whether the server runs in development mode; then nobody is signed in yet. */
  dev?: boolean;
  /** Whether somebody is signed in; by default so. */
  isSignedIn?: boolean;
}

/** Declares a test that is run on both databases, each on a server of its own; it fails if the page complained. */
export function onBothDatabases(
  name: string,
  act: (stage: Stage) => Promise<void>,
  options: Options = {},
): void {
  describe(name, () => {
    let browser: Browser;
    beforeAll(async () => void (browser = await openBrowser()));
    afterAll(() => browser.close());
    test.each(databases)('%s', async (kind) => {
      const waypost = await startWaypost(kind, options);
      const isSignedIn = options.isSignedIn ?? !options.dev;
      const sinks: Sink[] = [];
      const sink = async (status?: number, body?: string) => {
        const started = await startSink(status, body);
        sinks.push(started);
        return started;
      };
      try {
        const seen = await (isSignedIn ? visit : visitSignedOut)(browser, waypost, options);
        await act({ page: seen.page, waypost, browser, sink });
        seen.expectNoComplaints();
        await seen.close();
      } finally {
        await Promise.all(sinks.map((one) => one.stop()));
        await waypost.stop();
      }
    });
  });
}
