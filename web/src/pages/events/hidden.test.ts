import { describe, expect, it } from 'vitest';
import type { TailState } from '$lib/tail';
import { followWhileSeen, type Visibility } from './hidden';

class FakeTail {
  state: TailState = 'connecting';
  calls: string[] = [];
  async start() {
    this.calls.push('start');
    this.state = 'live';
  }
  pause() {
    this.calls.push('pause');
    this.state = 'paused';
  }
  close() {
    this.calls.push('close');
  }
}

/** A page that can be shown and hidden. */
function fakePage(first: DocumentVisibilityState) {
  const page = Object.assign(new EventTarget(), { visibilityState: first });
  const turn = (to: DocumentVisibilityState) => {
    page.visibilityState = to;
    page.dispatchEvent(new Event('visibilitychange'));
  };
  return { page: page as unknown as Visibility, turn };
}

describe('a tail in a tab', () => {
  it('is let go while hidden and goes on when it is seen', () => {
    const tail = new FakeTail();
    const { page, turn } = fakePage('visible');
    followWhileSeen(tail, page);
    turn('hidden');
    turn('visible');
    expect(tail.calls).toEqual(['start', 'pause', 'start']);
  });

  it('stays paused if a person paused it', () => {
    const tail = new FakeTail();
    const { page, turn } = fakePage('visible');
    followWhileSeen(tail, page);
    tail.pause();
    turn('hidden');
    turn('visible');
    expect(tail.calls).toEqual(['start', 'pause']);
  });

  it('is not tried again for being looked at when it was refused', () => {
    const tail = new FakeTail();
    const { page, turn } = fakePage('visible');
    followWhileSeen(tail, page);
    tail.state = 'refused';
    turn('hidden');
    turn('visible');
    expect(tail.calls).toEqual(['start']);
  });

  it('waits for being seen when it is opened in the background', () => {
    const tail = new FakeTail();
    const { page, turn } = fakePage('hidden');
    followWhileSeen(tail, page);
    expect(tail.calls).toEqual(['pause']);
    turn('visible');
    expect(tail.calls).toEqual(['pause', 'start']);
  });

  it('is over when its page is', () => {
    const tail = new FakeTail();
    const { page, turn } = fakePage('visible');
    followWhileSeen(tail, page)();
    turn('hidden');
    expect(tail.calls).toEqual(['start', 'close']);
  });
});
