import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';
import { compress } from './build/compress.ts';

// `npm run dev` talks to a Waypost that runs elsewhere; WAYPOST_DEV_KEY signs every proxied request in.
const waypost = process.env.WAYPOST_URL ?? 'http://127.0.0.1:8080';
const key = process.env.WAYPOST_DEV_KEY;
const proxied = {
  target: waypost,
  headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
};

export default defineConfig({
  plugins: [svelte(), tailwindcss(), compress()],
  resolve: {
    // Tests run what browsers run, not what a server would render.
    ...(process.env.VITEST ? { conditions: ['browser'] } : {}),
    alias: { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) },
  },
  server: { proxy: { '/v1': proxied, '/dev': proxied, '/openapi.json': proxied } },
  preview: { proxy: { '/v1': proxied, '/dev': proxied, '/openapi.json': proxied } },
  build: {
    // Browsers that know `light-dark()`: the theme is one declaration per colour.
    target: ['chrome123', 'firefox121', 'safari17.5'],
    // An inlined asset would be a `data:` URL in script or style, which the Content-Security-Policy refuses.
    assetsInlineLimit: 0,
    // The polyfill is an inline helper for browsers older than the target.
    modulePreload: { polyfill: false },
    manifest: true,
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
