import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases(
  'events are followed live, paused, resumed, and picked up after the server was away',
  async (stage) => {
    const { page, waypost } = stage;
    await page.goto('/#/events?live=yes');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await waypost.post({ id: 'first', type: 'com.example.first' });
    await page.getByText('com.example.first').waitFor();

    await page.getByRole('button', { name: 'Pause' }).click();
    await waypost.post({ id: 'second', type: 'com.example.second' });
    await page.waitForTimeout(2_000);
    expect(await page.getByText('com.example.second').count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('com.example.second').waitFor();

    // The connection breaks, and nobody has to do anything.
    await page.context().setOffline(true);
    await waypost.post({ id: 'third', type: 'com.example.third' });
    await page.waitForTimeout(1_000);
    await page.context().setOffline(false);
    await page.getByText('com.example.third').waitFor({ timeout: 30_000 });
    expect(await page.getByText('com.example.second').count()).toBe(1);
  },
);
