import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';
import { KEY } from './support/waypost.ts';

onBothDatabases(
  'a key signs in, a wrong one is explained, and signing out ends it',
  async ({ page }) => {
    await page.goto('/');
    const key = page.getByLabel('API key');
    await key.fill('wp_00000000000000000000000000');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The API key is not valid.').waitFor();
    await key.fill(KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: /Overview|Welcome/ }).waitFor();
    // Out of reach of scripts, and kept over a reload.
    expect(await page.evaluate('document.cookie')).toBe('');
    const kept = await page.evaluate('JSON.stringify([localStorage, sessionStorage])');
    expect(kept).not.toContain('wp_');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: /Overview|Welcome/ }).waitFor();

    await page.getByRole('button', { name: /account/i }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    expect((await page.request.get('/v1/session')).status()).toBe(401);
  },
  { isSignedIn: false },
);

onBothDatabases(
  'the link of development mode signs in once',
  async ({ page, waypost }) => {
    const link = waypost.signInUrl ?? '';
    await page.goto(link);
    await page.getByRole('heading', { level: 1, name: /Overview|Welcome/ }).waitFor();
    expect(page.url()).not.toContain('token');

    // A used link does not hold up whoever is signed in.
    await page.goto('about:blank');
    await page.goto(link);
    await page.getByText(/You are signed in as/).waitFor();
    await page.getByRole('link', { name: 'Go on' }).click();
    await page.getByRole('heading', { level: 1, name: /Overview|Welcome/ }).waitFor();

    await page.context().clearCookies();
    await page.goto('about:blank');
    await page.goto(link);
    await page.getByText(/link was used before/).waitFor();
  },
  { dev: true },
);

onBothDatabases('a session that ends in the middle of a form loses nothing of it', async ({ page }) => {
  await page.goto('/#/api-keys');
  await page.getByRole('button', { name: 'New API key' }).click();
  await page.getByLabel('Name', { exact: true }).fill('orders service');
  await page.getByLabel('events:write').check();
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
  // Escape is neither a way around it nor one to lose the form beneath.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.getByLabel('API key', { exact: true }).fill(KEY);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByText('Keep this key now').waitFor();

  // What is shown once outlives the message about it, and a press beside it.
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await page.mouse.click(5, 5);
  await page.waitForTimeout(200);
  await page.getByRole('button', { name: 'I have kept it' }).click();
});
