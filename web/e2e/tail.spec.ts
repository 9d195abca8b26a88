import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases(
  'events are followed live, paused, resumed, and picked up after the server was away',
  async (stage) => {
    const { page, waypost } = stage;
    const state = (text: string) => page.getByRole('status').getByText(text, { exact: true });
    await page.goto('/#/events?live=yes');
    // What is accepted before the tail stands is not shown.
    await state('Live').waitFor();
    await waypost.post({ id: 'first', type: 'com.example.first' });
    await page.getByText('com.example.first').waitFor();

    await page.getByRole('button', { name: 'Pause' }).click();
    await state('Paused').waitFor();
    await waypost.post({ id: 'second', type: 'com.example.second' });
    await page.waitForTimeout(2_000);
    expect(await page.getByText('com.example.second').count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('com.example.second').waitFor();

    // The server goes away and comes back: the page says so, and nobody has to do anything.
    await waypost.halt();
    await state('Connection lost, trying again').waitFor();
    await waypost.resume();
    await waypost.post({ id: 'third', type: 'com.example.third' });
    await page.getByText('com.example.third').waitFor({ timeout: 30_000 });
    await state('Live').waitFor();
    for (const type of ['first', 'second', 'third'])
      expect(await page.getByText(`com.example.${type}`).count()).toBe(1);
  },
);
