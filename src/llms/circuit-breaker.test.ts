import { describe, expect, it } from 'vitest';

import { FakeClock } from '../testing/fake-clock.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

function subject() {
  const clock = new FakeClock();
  return { clock, breaker: new CircuitBreaker({ name: 'llm', maxFailures: 3, openMs: 1000, clock }) };
}

/** One that is open. */
function opened() {
  const { clock, breaker } = subject();
  for (let call = 0; call < 3; call += 1) breaker.enter().failed();
  return { clock, breaker };
}

describe('CircuitBreaker', () => {
  it('counts failures in a row only', () => {
    const { breaker } = subject();
    for (const says of ['failed', 'failed', 'answered', 'failed', 'left', 'failed'] as const)
      breaker.enter()[says]();
    expect(breaker.state).toBe('closed');
    breaker.enter().failed();
    expect(breaker.state).toBe('open');
  });

  it('lets one call try when its time is over, and refuses the others meanwhile', async () => {
    const { clock, breaker } = opened();
    expect(() => breaker.enter()).toThrow('Try again in 1 s.');
    await clock.pass(1000);
    const probe = breaker.enter();
    expect(() => breaker.enter()).toThrow('when the call that tries it now is answered');
    probe.failed();
    expect(breaker.state).toBe('open');
    await clock.pass(1000);
    breaker.enter().answered();
    expect(breaker.state).toBe('closed');
  });

  it('lets the next call try where the one that tried is left, which says nothing', async () => {
    const { clock, breaker } = opened();
    await clock.pass(1000);
    breaker.enter().left();
    expect(breaker.state).toBe('half-open');
    breaker.enter().answered();
    expect(breaker.state).toBe('closed');
  });

  it('does not listen to calls from before it opened', async () => {
    const { clock, breaker } = subject();
    const old = Array.from({ length: 4 }, () => breaker.enter());
    for (let call = 0; call < 3; call += 1) breaker.enter().failed();
    await clock.pass(999);
    // As many as would open it again, for longer.
    for (const pass of old.slice(1)) pass.failed();
    expect(breaker.state).toBe('open');
    await clock.pass(1);
    const probe = breaker.enter();
    old[0]?.answered();
    expect(breaker.state).toBe('half-open');
    probe.answered();
    expect(breaker.state).toBe('closed');
  });
});
