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
    await page.context().clearCookies();
    await page.goto('about:blank');
    await page.goto(link);
    await page.getByText(/link was used before/).waitFor();
  },
  { dev: true },
);
