import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases(
  'on a phone the navigation opens over the page, and closes by a link, by Escape and by turning the phone',
  async ({ page }) => {
    await page.goto('/#/events');
    await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
    const toggle = page.getByRole('button', { name: 'Navigation' });
    const navigation = page.getByRole('navigation', { name: 'Main' });
    const isInert = () => page.locator('main').evaluate((main) => (main as HTMLElement).inert);

    await toggle.click();
    await navigation.getByRole('link', { name: 'Events' }).waitFor();
    expect(await isInert()).toBe(true);
    await page.keyboard.press('Escape');
    await navigation.waitFor({ state: 'hidden' });
    expect(await isInert()).toBe(false);
    expect(await toggle.evaluate((button) => button === document.activeElement)).toBe(true);

    // The page that is there already is led to as well.
    await toggle.click();
    await navigation.getByRole('link', { name: 'Events' }).click();
    await navigation.waitFor({ state: 'hidden' });
    await expect.poll(() => page.evaluate('document.activeElement?.tagName')).toBe('H1');

    await toggle.click();
    expect(await isInert()).toBe(true);
    await page.setViewportSize({ width: 844, height: 390 });
    await expect.poll(isInert).toBe(false);
    await page.setViewportSize({ width: 390, height: 844 });
    await navigation.waitFor({ state: 'hidden' });
    expect(await isInert()).toBe(false);
  },
  { width: 390, height: 844 },
);
