// Weighs what a browser fetches before the first page stands: index.html, the entry and what it imports statically, the layout and
// Overview (the page behind `/`), without uPlot, which comes after. Fails above the budget.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const budget = 120_000;
const dist = new URL('../dist', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));

/** @param {string} key @param {Set<string>} files */
function collect(key, files) {
  const chunk = manifest[key];
  if (chunk === undefined) throw new Error(`the manifest has no ${key}`);
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const imported of chunk.imports ?? []) collect(imported, files);
}

/** @param {string} file @param {string} suffix */
function weight(file, suffix) {
  const path = join(dist, file + suffix);
  return statSync(existsSync(path) ? path : join(dist, file)).size;
}

const files = new Set(['index.html']);
for (const key of ['index.html', 'src/pages/overview/Overview.svelte']) collect(key, files);

let gzip = 0;
let brotli = 0;
for (const file of files) {
  gzip += weight(file, '.gz');
  brotli += weight(file, '.br');
  console.log(
    `${String(weight(file, '.gz')).padStart(8)} gz ${String(weight(file, '.br')).padStart(8)} br  ${file}`,
  );
}
console.log(
  `first load: ${(gzip / 1000).toFixed(1)} kB gzip, ${(brotli / 1000).toFixed(1)} kB brotli (budget ${budget / 1000} kB gzip)`,
);
if (gzip > budget) process.exit(1);
