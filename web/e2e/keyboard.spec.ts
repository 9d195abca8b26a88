import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { deadLetters, onceOnly } from './support/scene.ts';
import { onBothDatabases } from './support/stage.ts';
import { KEY } from './support/waypost.ts';

/** Presses Tab until the wanted thing has the focus, and checks that a person sees where that is. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await wanted.waitFor();
  for (let presses = 0; presses < 120; presses++) {
    const isThere = await wanted.evaluate((element) => element === document.activeElement);
    if (isThere) {
      const outline = await wanted.evaluate((element) => {
        const { outlineStyle, boxShadow } = getComputedStyle(element);
        return outlineStyle !== 'none' || boxShadow !== 'none';
      });
      expect(outline, `the focus on ${String(wanted)} is seen`).toBe(true);
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${String(wanted)}`);
}

async function press(page: Page, wanted: Locator): Promise<void> {
  await tabTo(page, wanted);
  await page.keyboard.press('Enter');
}

/** Waits until the thing has the focus, which was not to be lost. */
async function keepsFocus(wanted: Locator): Promise<void> {
  await expect.poll(() => wanted.evaluate((element) => element === document.activeElement)).toBe(true);
}

onBothDatabases(
  'signing in, finding a failing sink, redelivering, redriving, rotating and the live tail need no mouse',
  async (stage) => {
    const { page, waypost } = stage;
    const sink = await stage.sink(500);
    await waypost.subscribe(sink.url, { description: 'orders to the shop', ...onceOnly });
    await deadLetters(waypost, 3);

    await page.goto('/');
    await tabTo(page, page.getByLabel('API key'));
    await page.keyboard.type(KEY);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

    // A failing sink, by the shortcuts of the page.
    await page.keyboard.press('g');
    await page.keyboard.press('l');
    await page.getByRole('heading', { level: 1, name: 'Dead letters' }).waitFor();
    await press(page, page.getByRole('button', { name: /Open the list of 3 dead letters/ }));
    await press(page, page.getByRole('table').getByRole('link', { name: /dlv_/ }).first());
    await page.getByRole('heading', { level: 1, name: /Delivery/ }).waitFor();
    sink.answer.status = 204;
    await press(page, page.getByRole('button', { name: 'Redeliver', exact: true }));
    await page.getByText('Delivered', { exact: true }).first().waitFor();
    // In between it was "Cancel…": the button changes, and the focus stays.
    await keepsFocus(page.getByRole('button', { name: 'Redeliver', exact: true }));

    // Redrive: the dialog takes the focus, keeps it, and gives it back.
    await page.keyboard.press('g');
    await page.keyboard.press('l');
    const redrive = page.getByRole('button', { name: 'Redrive all…' });
    await press(page, redrive);
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await keepsFocus(redrive);
    await page.keyboard.press('Enter');
    await press(page, dialog.getByRole('button', { name: 'Redrive 2 dead letters' }));
    await page.getByText('Redriven: 2 dead letters').waitFor();

    // Rotation.
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await press(page, page.getByRole('link', { name: 'orders to the shop' }));
    await press(page, page.getByRole('button', { name: 'Rotate…' }));
    await press(page, page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }));
    await page.getByText('Older secret').waitFor();

    // Live tail.
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    const live = page.getByRole('radio', { name: 'Live' }).or(page.getByRole('button', { name: 'Live' }));
    await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
    await reach(page, live);
    await press(page, page.getByRole('button', { name: 'Pause' }));
    await keepsFocus(page.getByRole('button', { name: 'Resume' }));
    await page.keyboard.press('Enter');
    await keepsFocus(page.getByRole('button', { name: 'Pause' }));

    // The list of shortcuts, and the way past the navigation.
    await page.locator('body').press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.goto('/#/events');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const inside = await page.evaluate('document.activeElement?.closest("main") !== null');
    expect(inside).toBe(true);
  },
  { isSignedIn: false },
);

/** A choice among several: Tab comes to the chosen one, an arrow to the other. */
async function reach(page: Page, choice: Locator): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if (await choice.evaluate((element) => element === document.activeElement)) break;
    await page.keyboard.press('Tab');
    const role = await page.evaluate(
      'document.activeElement?.getAttribute("role") ?? document.activeElement?.type',
    );
    if (role === 'radio') await page.keyboard.press('ArrowRight');
  }
  if (page.url().includes('live')) return;
  await page.keyboard.press('Enter');
}

onBothDatabases('the first minute needs no mouse', async (stage) => {
  const { page } = stage;
  const sink = await stage.sink(204);
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: 'Welcome to Waypost' }).waitFor();

  const send = page.getByRole('button', { name: /Send (the event|another)$/ });
  await press(page, send);
  await page
    .getByText(/Accepted as evt_/)
    .first()
    .waitFor();
  await keepsFocus(send);

  await tabTo(page, page.getByLabel('Sink'));
  await page.keyboard.type(sink.url);
  await page.keyboard.press('Enter');
  await page.getByText('Subscribed.').waitFor();

  const watch = page.getByRole('button', { name: /and watch it$/ });
  await press(page, watch);
  await page.getByText('It was delivered after 1 attempt.').waitFor();
  await keepsFocus(watch);
  expect(sink.received.map(({ headers }) => headers['waypost-attempt'])).toEqual(['1']);

  await press(page, page.getByRole('link', { name: 'Go to the overview' }));
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
});

onBothDatabases('what is refused or goes away does not take the focus with it', async (stage) => {
  const { page, waypost } = stage;
  const sink = await stage.sink(204);
  await waypost.subscribe(sink.url, { types: ['com.example.marked'] });
  await waypost.post({ id: 'marked', type: 'com.example.marked' });
  for (let number = 1; number <= 50; number++) await waypost.post({ id: `order-${number}` });

  // The oldest page has no older one, the newest no newer one.
  await page.goto('/#/events');
  const older = page.getByRole('button', { name: 'Older' });
  await press(page, older);
  await expect.poll(() => page.url()).toContain('cursor=');
  await page.getByText('1 on this page').waitFor();
  await keepsFocus(older);
  const newest = page.getByRole('button', { name: 'Newest' });
  await press(page, newest);
  await page.getByText('50 on this page').waitFor();
  await keepsFocus(newest);

  await page.goto('/#/events?type=com.example.marked');
  await press(page, page.getByRole('button', { name: 'Clear' }));
  await keepsFocus(page.getByLabel('Type'));

  await page.goto('/#/deliveries');
  await tabTo(page, page.getByLabel(/^Mark dlv_/).first());
  await page.keyboard.press('Space');
  await press(page, page.getByRole('button', { name: 'Clear' }));
  await keepsFocus(page.getByRole('heading', { level: 1, name: 'Deliveries' }));
});
