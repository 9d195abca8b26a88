// The real binary on a database of its own, and a caller of its API.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createDatabase, type Database, type Kind } from './database.ts';

/** The administrator's key of every server started here. */
export const KEY = 'wp_browser_tests_key_0000000';

const binary = resolve(import.meta.dirname, '../..', process.env['WAYPOST_BIN'] ?? '../target/debug/waypost');

/** A running server. */
export interface Waypost {
  /** `http://127.0.0.1:PORT` */
  base: string;
  /** The link that signs in once; in development mode only. */
  signInUrl: string | undefined;
  /** Calls the API as the administrator and fails unless it works. */
  call<Answer = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Posts an event and gives its identifier. */
  post(event: { id: string; type?: string; data?: unknown }): Promise<string>;
  /** Subscribes a sink and gives the subscription's identifier. */
  subscribe(sink: string, more?: Record<string, unknown>): Promise<string>;
  /** Ends the server and keeps its database and its port, for a test of what a page does without it. */
  halt(): Promise<void>;
  /** Starts it again where it was. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

interface Running {
  child: ChildProcess;
  base: string;
  /** What it has written to its error output. */
  errors: readonly string[];
}

/** Starts a server that may deliver to this machine. */
export async function startWaypost(kind: Kind, options: { dev?: boolean } = {}): Promise<Waypost> {
  const database = await createDatabase(kind);
  return serverAt(database, options.dev ?? false, await launch(database, options.dev ?? false, '0'));
}

async function launch(database: Database, isDev: boolean, port: string): Promise<Running> {
  const flags = ['serve', '--listen', `127.0.0.1:${port}`, '--database-url', database.url];
  const child = spawn(binary, isDev ? [...flags, '--dev'] : flags, {
    env: {
      // What is set for the tests is no setting of the server, which refuses what it does not know.
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WAYPOST_'))),
      WAYPOST_EGRESS__ALLOW: '["127.0.0.0/8"]',
      WAYPOST_LOG__FILTER: 'warn',
      ...(isDev ? {} : { WAYPOST_BOOTSTRAP_KEY: KEY }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  return { child, base: await address(child, errors), errors };
}

async function address(child: ChildProcess, errors: string[]): Promise<string> {
  if (child.stdout === null) throw new Error('the output is piped');
  for await (const line of createInterface({ input: child.stdout })) {
    const found = line.match(/^waypost listening on (http:\S+)$/)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`waypost did not start:\n${errors.join('\n')}`);
}

function serverAt(database: Database, isDev: boolean, first: Running): Waypost {
  const { base, errors } = first;
  const key = isDev ? 'wp_development_key_not_for_production' : KEY;
  let child: ChildProcess | undefined = first.child;

  async function halt() {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    child = undefined;
    const [code] = (await ended) as [number | null];
    if (code !== 0) throw new Error(`waypost ended with ${code}`);
  }
  async function call<Answer>(method: string, path: string, body?: unknown, type = 'application/json') {
    const response = await fetch(base + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} → ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }
  return {
    base,
    signInUrl: errors.join('\n').match(/http\S+#\/sign-in\?token=\S+/)?.[0],
    call,
    async post(event) {
      const whole = { specversion: '1.0', source: '/e2e', type: 'com.example.order.created', ...event };
      return (await call<{ id: string }>('POST', '/v1/events', whole, 'application/cloudevents+json')).id;
    },
    async subscribe(sink, more = {}) {
      return (await call<{ id: string }>('POST', '/v1/subscriptions', { sink, ...more })).id;
    },
    halt,
    async resume() {
      child = (await launch(database, isDev, new URL(base).port)).child;
    },
    async stop() {
      try {
        await halt();
      } finally {
        await database.drop();
      }
    },
  };
}
