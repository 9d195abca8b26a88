// A database of a test's own: a SQLite file, or a database on the Postgres that WAYPOST_TEST_POSTGRES names.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Both, always: a page that works on one database only does not work. */
export const databases = ['sqlite', 'postgres'] as const;
export type Kind = (typeof databases)[number];

/** A database that is there until it is dropped. */
export interface Database {
  url: string;
  drop(): Promise<void>;
}

/** Makes an empty one. */
export async function createDatabase(kind: Kind): Promise<Database> {
  return kind === 'sqlite' ? createFile() : createOnServer();
}

async function createFile(): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'waypost-e2e-'));
  return {
    url: `sqlite://${join(folder, 'waypost.db')}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

async function createOnServer(): Promise<Database> {
  const server = process.env['WAYPOST_TEST_POSTGRES'];
  if (server === undefined) throw new Error('WAYPOST_TEST_POSTGRES names no Postgres: run `make browser`');
  const name = `waypost_e2e_${crypto.randomUUID().replaceAll('-', '')}`;
  const psql = (statement: string) => run(psqlPath(), [server, '--no-psqlrc', '--command', statement]);
  await psql(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: async () => void (await psql(`DROP DATABASE ${name} WITH (FORCE)`)) };
}

/** Debian keeps the client of each version in a folder of its own, and puts only a wrapper on the path. */
function psqlPath(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root)
    ? readdirSync(root).sort((one, other) => Number(one) - Number(other))
    : [];
  return versions.map((version) => join(root, version, 'bin/psql')).findLast(existsSync) ?? 'psql';
}
