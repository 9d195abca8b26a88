import { expect } from 'vitest';
import { onBothDatabases } from './support/stage.ts';

onBothDatabases(
  'an empty installation greets, and its three steps bring an event to an endpoint',
  async (stage) => {
    const { page } = stage;
    const sink = await stage.sink(204);
    await page.goto('/');
    await page.getByRole('heading', { level: 1, name: 'Welcome to Waypost' }).waitFor();
    await page.getByRole('button', { name: 'Send the event' }).click();
    await page
      .getByText(/Accepted as evt_/)
      .first()
      .waitFor();
    await page.getByLabel('Sink').fill(sink.url);
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByText('Subscribed.').waitFor();

    // What is subscribed to is what was asked for, not what the field says by now.
    await page.getByLabel('Type').fill('com.example.other');
    await page.getByText(/Events of type com\.example\.hello now go to/).waitFor();
    await page.getByRole('button', { name: 'Send an event and watch it' }).click();
    await page.getByText(/no subscription matched\. You subscribed to com\.example\.hello/).waitFor();
    await page.getByLabel('Type').fill('com.example.hello');

    await page.getByRole('button', { name: 'Send an event and watch it' }).click();
    await page.getByRole('link', { name: 'Go to the overview' }).waitFor();
    expect(sink.received.map(({ headers }) => headers['waypost-attempt'])).toEqual(['1']);
    await page.getByRole('link', { name: 'Go to the overview' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  },
);

onBothDatabases(
  'in development mode the built-in inbox shows the delivery with its signature verified',
  async ({ page, waypost }) => {
    await page.goto(waypost.signInUrl ?? '');
    await page.getByRole('heading', { level: 1, name: 'Welcome to Waypost' }).waitFor();
    await page.getByRole('button', { name: 'Send the event' }).click();
    await page.getByText('Signature verified').waitFor();
    expect(await page.getByText('Delivered').count()).toBeGreaterThan(0);
  },
  { dev: true },
);
