import { defineConfig } from 'vitest/config';

// The real binary and a real browser: each file starts its own, so two at a time are as many as two cores carry.
export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: process.env['WAYPOST_SCREENSHOTS'] ? ['screenshots.ts'] : ['*.spec.ts'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // A flaky test is a bug: none is run again.
    retry: 0,
  },
});
