import { asNoAnswer, asProblem, type EventLine, type ProblemError } from '$lib/api';
import { openTail, type TailFilter } from '$lib/api/stream';
import { StreamParser, type Message } from './parser';

/** Where a tail stands. `waiting`: the connection was lost and is tried again by itself. `refused`: only a person can mend it. */
export type TailState = 'connecting' | 'live' | 'paused' | 'waiting' | 'refused';

/** How a tail reaches the world; tests bring their own. */
export interface TailPorts {
  open: typeof openTail;
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
  random: () => number;
}

const kept = 200;
/** How many identifiers are remembered. More than rows: a cleared or dropped row that is sent again must not come back. */
const remembered = 1_000;

/** The wait before the n-th try in a row: 1 s, doubled to at most 30 s, and up to half of it less so that tabs do not come all at once. */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(30_000, 1_000 * 2 ** Math.max(0, failures - 1));
  return full * (1 - random / 2);
}

/** A live view of accepted events that resumes where it was, after a pause as after a lost connection. */
export class Tail {
  state = $state<TailState>('connecting');
  /** What came, newest first, bounded. */
  rows = $state.raw<readonly EventLine[]>([]);
  /** How many came since it began, dropped rows included. */
  seen = $state(0);
  /** When the server last said that it left events out because more came than it shows; milliseconds since 1970. */
  skippedAt = $state<number | undefined>(undefined);
  problem = $state.raw<ProblemError | undefined>(undefined);
  /** The place to resume after: the greatest identifier, which need not be the last that came. */
  #lastId: string | undefined;
  #known: readonly string[] = [];
  #abort: AbortController | undefined;
  readonly #filter: TailFilter;
  readonly #ports: TailPorts;

  constructor(filter: TailFilter, ports: TailPorts = browser) {
    this.#filter = filter;
    this.#ports = ports;
  }

  /** Connects, and connects again whenever the connection is lost; resolves when it is paused, closed or refused. */
  async start(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    let failures = 0;
    while (!abort.signal.aborted) {
      this.state = failures === 0 ? 'connecting' : 'waiting';
      try {
        await this.#follow(abort.signal, () => (failures = 0));
        // The server ended the stream in order (it restarts): as good as a lost connection.
        failures += 1;
      } catch (error) {
        if (abort.signal.aborted) return;
        failures += 1;
        this.problem = asProblem(error);
        if (isFinal(this.problem)) {
          this.state = 'refused';
          return;
        }
      }
      if (abort.signal.aborted) return;
      this.state = 'waiting';
      await this.#ports.wait(backoffMs(failures, this.#ports.random()), abort.signal);
    }
  }

  /** Lets the connection go and keeps the place. */
  pause(): void {
    this.#abort?.abort();
    this.state = 'paused';
  }

  /** Ends it. */
  close(): void {
    this.#abort?.abort();
  }

  /** Empties the view; the place is kept. */
  clear(): void {
    this.rows = [];
    this.skippedAt = undefined;
  }

  async #follow(signal: AbortSignal, alive: () => void): Promise<void> {
    const stream = await this.#ports.open(this.#filter, this.#lastId, signal);
    const parser = new StreamParser();
    const decoder = new TextDecoder();
    const reader = stream.getReader();
    this.state = 'live';
    this.problem = undefined;
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw asNoAnswer(error);
      });
      if (done || signal.aborted) return;
      alive();
      this.#take(parser.read(decoder.decode(value, { stream: true })));
    }
  }

  #take(messages: readonly Message[]): void {
    const lines: EventLine[] = [];
    for (const message of messages) {
      // The first message of a tail, `start`, is no row: it only names the place from which nothing is lost.
      this.#reach(message.id);
      if (message.event === 'skipped') this.skippedAt = Date.now();
      if (message.event !== 'event') continue;
      const line = JSON.parse(message.data) as EventLine;
      if (this.#isNew(line.id)) lines.unshift(line);
    }
    if (lines.length === 0) return;
    this.seen += lines.length;
    this.rows = [...lines, ...this.rows].slice(0, kept);
  }

  /** Moves the place on; identifiers sort by their time, and nodes' clocks differ by a little. */
  #reach(id: string): void {
    if (id !== '' && (this.#lastId === undefined || id > this.#lastId)) this.#lastId = id;
  }

  /** Whether an event comes for the first time: what is about as old as the place may be sent again after a resume. */
  #isNew(id: string): boolean {
    if (this.#known.includes(id)) return false;
    this.#known = [id, ...this.#known].slice(0, remembered);
    return true;
  }
}

/** Whether trying again by itself is pointless: bad filters, no right. Too many tails (429) may pass. */
function isFinal(problem: ProblemError): boolean {
  return problem.status >= 400 && problem.status < 500 && problem.status !== 429 && problem.status !== 408;
}

const browser: TailPorts = {
  open: openTail,
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    }),
  random: Math.random,
};
