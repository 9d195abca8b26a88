import { describe, expect, it } from 'vitest';
import { ProblemError } from '$lib/api';
import { backoffMs, Tail, type TailPorts } from './tail.svelte';

const row = (id: string) => `id: ${id}\nevent: event\ndata: {"id":"${id}"}\n\n`;

/** A world in which every connection is scripted: a text that is sent before it ends, or an error. */
function world(script: (string | Error)[]) {
  const opened: (string | undefined)[] = [];
  const waits: number[] = [];
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const ports: TailPorts = {
    open: async (_, lastId) => {
      opened.push(lastId);
      const step = script.shift();
      if (step instanceof Error) throw step;
      return new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(step ?? ''));
          if (script.length > 0) controller.close();
          // The last connection stays open.
          else setTimeout(finish);
        },
      });
    },
    wait: async (ms) => void waits.push(ms),
    random: () => 0,
  };
  return { ports, opened, waits, finished };
}

describe('a tail', () => {
  it('shows what came, newest first', async () => {
    const { ports, finished } = world([row('evt_1') + row('evt_2')]);
    const tail = new Tail({}, ports);
    void tail.start();
    await finished;
    expect(tail.state).toBe('live');
    expect(tail.rows.map(({ id }) => id)).toEqual(['evt_2', 'evt_1']);
  });

  it('connects again by itself and resumes after the last event', async () => {
    const { ports, opened, waits, finished } = world([row('evt_1'), new TypeError('lost'), row('evt_2')]);
    const tail = new Tail({}, ports);
    void tail.start();
    await finished;
    expect(opened).toEqual([undefined, 'evt_1', 'evt_1']);
    expect(waits).toEqual([1_000, 2_000]);
    expect(tail.rows.map(({ id }) => id)).toEqual(['evt_2', 'evt_1']);
    expect(tail.problem).toBeUndefined();
  });

  it('starts its waits anew after something came', async () => {
    const lost = new TypeError('lost');
    const { ports, waits, finished } = world([lost, lost, row('evt_1'), row('evt_2')]);
    void new Tail({}, ports).start();
    await finished;
    expect(waits).toEqual([1_000, 2_000, 1_000]);
  });

  it('does not insist when it was refused', async () => {
    const { ports, waits } = world([new ProblemError(403, 'forbidden', 'Forbidden', 'no scope')]);
    const tail = new Tail({}, ports);
    await tail.start();
    expect(tail.state).toBe('refused');
    expect(tail.problem?.code).toBe('forbidden');
    expect(waits).toEqual([]);
  });

  it('waits for its turn when there are too many tails', async () => {
    const { ports, waits, finished } = world([new ProblemError(429, 'overloaded', 'Too many', 'later'), '']);
    void new Tail({}, ports).start();
    await finished;
    expect(waits).toEqual([1_000]);
  });

  it('resumes after a pause where it was', async () => {
    const { ports, opened, finished } = world([row('evt_1')]);
    const tail = new Tail({}, ports);
    void tail.start();
    await finished;
    tail.pause();
    expect(tail.state).toBe('paused');
    void tail.start();
    expect(opened).toEqual([undefined, 'evt_1']);
    tail.close();
  });

  it('resumes after the greatest event, and shows none twice when it is sent again', async () => {
    const { ports, opened, finished } = world([
      row('evt_2') + row('evt_1'),
      row('evt_1') + row('evt_2') + row('evt_3'),
    ]);
    const tail = new Tail({}, ports);
    void tail.start();
    await finished;
    expect(opened).toEqual([undefined, 'evt_2']);
    expect(tail.rows.map(({ id }) => id)).toEqual(['evt_3', 'evt_1', 'evt_2']);
    expect(tail.seen).toBe(3);
  });

  it('does not bring back what was cleared', async () => {
    const { ports, finished } = world([row('evt_1'), row('evt_1') + row('evt_2')]);
    const tail: Tail = new Tail({}, { ...ports, wait: async () => tail.clear() });
    void tail.start();
    await finished;
    expect(tail.rows.map(({ id }) => id)).toEqual(['evt_2']);
  });

  it('has a place from the first message, before any event', async () => {
    const start = 'id: evt_5\nevent: start\ndata: {}\n\n';
    const { ports, opened, finished } = world([start, row('evt_6')]);
    const tail = new Tail({}, ports);
    void tail.start();
    await finished;
    expect(opened).toEqual([undefined, 'evt_5']);
    expect([tail.rows.map(({ id }) => id), tail.seen]).toEqual([['evt_6'], 1]);
  });

  it('says that events were left out', async () => {
    const { ports, finished } = world(['event: skipped\ndata: more\n\n' + row('evt_1')]);
    const tail = new Tail({}, ports);
    void tail.start();
    await finished;
    expect(tail.skippedAt).toBeDefined();
    expect(tail.rows.map(({ id }) => id)).toEqual(['evt_1']);
    tail.clear();
    expect(tail.skippedAt).toBeUndefined();
  });

  it('keeps a bounded number of rows and counts all', async () => {
    const { ports, finished } = world([
      Array.from({ length: 250 }, (_, index) => row(`evt_${index}`)).join(''),
    ]);
    const tail = new Tail({}, ports);
    void tail.start();
    await finished;
    expect([tail.rows.length, tail.seen, tail.rows[0]?.id]).toEqual([200, 250, 'evt_249']);
  });
});

describe('the wait before another try', () => {
  it('doubles to a bound, less at random', () => {
    expect([1, 2, 3, 10].map((failures) => backoffMs(failures, 0))).toEqual([1_000, 2_000, 4_000, 30_000]);
    expect(backoffMs(10, 1)).toBe(15_000);
  });
});
