import { describe, expect, it } from 'vitest';
import { runEffect } from '../../lib/cli/effect.ts';
import { EffectInProgress, EffectInputChanged, EffectUnknown, NotDone } from '../../lib/contract/errors.ts';
import { unknown } from '../../lib/effect/answer.ts';
import { decideEffect } from '../../lib/effect/decide.ts';
import { effect, type ProducerEffectCall } from '../../lib/effect/effect.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { capturedContext } from '../cli/captured-context.ts';
import { Charge, chargeBy, KeptCharge, ORDER, Provider } from './payments.ts';

/** A producer beside a provider, in a process of its own each time. */
function producing(given: Partial<ProducerEffectCall<typeof Charge>> = {}) {
  const stack = new MemoryStack();
  const environment = stack.environment({ variables: { WAYBILL_PRODUCER: 'payroll' } });
  const provider = new Provider();
  const charge = (more: Partial<ProducerEffectCall<typeof Charge>> = {}, order = ORDER) =>
    effect(Charge, order, {
      ...chargeBy(provider),
      ...{ key: 'march/17', within: '30s', environment },
      ...given,
      ...more,
    });
  return { stack, environment, provider, charge };
}

const lost = (provider: Provider): Partial<ProducerEffectCall<typeof Charge>> => ({
  run: ({ cents }, { key }) => {
    provider.charge(key, cents);
    throw new Error('socket hang up');
  },
});
/** A process that dies after its request: nobody hears of it again. */
const dying = (provider: Provider): Partial<ProducerEffectCall<typeof Charge>> => ({
  run: ({ cents }, { key }) => {
    provider.charge(key, cents);
    return new Promise<never>(() => undefined);
  },
});

describe('an effect that a producer calls', () => {
  it('is done once for its key, and its answer kept', async () => {
    const { provider, charge } = producing();
    expect(await charge()).toEqual({ id: 'charge-1' });
    expect(await charge()).toEqual({ id: 'charge-1' });
    expect(await charge({ key: 'march/18' })).toEqual({ id: 'charge-2' });
    expect(provider.charges.map(({ key }) => key)).toEqual(['march/17', 'march/18']);
  });

  it('is asked for before it is run again, where its reply was lost', async () => {
    const { stack, provider, charge } = producing();
    await expect(charge(lost(provider))).rejects.toThrow('socket hang up');
    const early = await charge().catch((error: unknown) => error);
    expect(early).toBeInstanceOf(EffectInProgress);
    expect(provider.asked).toEqual(['charge']);
    await stack.clock.sleep((early as EffectInProgress).comesAgain - stack.now);
    expect(await charge()).toEqual({ id: 'charge-1' });
    expect(provider.asked).toEqual(['charge', 'find']);
  });

  it('whose process has died is taken over when its time is over, and not before', async () => {
    const { stack, provider, charge } = producing();
    void charge(dying(provider));
    await stack.clock.sleep(1_000);
    const early = await charge().catch((error: unknown) => error);
    expect(early).toBeInstanceOf(EffectInProgress);
    // `within`, what Lambda would take to end it, `settle`, and by how much clocks may differ.
    expect((early as EffectInProgress).comesAgain - stack.now).toBeGreaterThan(30_000 + 60_000 + 300_000 - 10_000);
    await stack.advance('7m');
    expect(await charge()).toEqual({ id: 'charge-1' });
    expect(provider.charges).toHaveLength(1);
  });

  it('stops when its time is nearly up', async () => {
    const { charge, stack } = producing({ within: '5s' });
    const began = stack.now;
    const stopped = charge({
      run: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    void stack.advance('10s');
    await expect(stopped).rejects.toThrow('nearly up');
    expect(stack.now - began).toBeGreaterThanOrEqual(4_000);
  });

  it('that was surely not done is run again at once', async () => {
    const { provider, charge } = producing();
    const declined = charge({
      run: () => {
        throw new NotDone('declined');
      },
    });
    await expect(declined).rejects.toThrow(NotDone);
    await charge();
    expect(provider.asked).toEqual(['charge']);
  });

  it('is refused for another input under the same key', async () => {
    const { charge } = producing();
    await charge();
    await expect(charge({}, { ...ORDER, cents: 1 })).rejects.toThrow(EffectInputChanged);
  });

  it('at a service that keeps keys is asked for again by the same key, as long as it keeps it', async () => {
    const { stack, environment, provider } = producing();
    let failures = 1;
    const charge = () =>
      effect(KeptCharge, ORDER, {
        ...{ key: 'march/17', within: '30s', environment },
        run: ({ cents }, { key }) => {
          const taken = provider.chargeOnce(key, cents);
          if (failures-- > 0) throw new Error('socket hang up');
          return taken;
        },
      });
    await expect(charge()).rejects.toThrow('socket hang up');
    expect(await charge()).toEqual({ id: 'charge-1' });
    await stack.clock.sleep(24 * 3_600_000);
    await expect(charge()).rejects.toThrow(EffectUnknown);
    expect(provider.charges).toHaveLength(1);
  });

  it('of which nobody knows is decided by an operator, by its key', async () => {
    const { stack, environment, provider, charge } = producing();
    const given = { ...lost(provider), verify: () => unknown() };
    await expect(charge(given)).rejects.toThrow('socket hang up');
    await stack.clock.sleep(600_000);
    await expect(charge(given)).rejects.toThrow(EffectUnknown);
    const shown = capturedContext();
    await runEffect(environment, 'march/17', { producer: 'payroll' }, shown);
    expect(shown.stdout()).toMatch(/^charge {2}unknown, begun 2026-/);
    await decideEffect('march/17', { kind: 'done', answer: { id: 'ch_9' } }, { producer: 'payroll', environment });
    expect(await charge(given)).toEqual({ id: 'ch_9' });
  });

  it('takes two writes, and one where the service keeps keys', async () => {
    const { environment, provider, charge } = producing();
    const cost = () => ({ calls: { ...environment.usage.calls }, writeUnits: environment.usage.writeUnits });
    await charge();
    expect(cost()).toEqual({ calls: { UpdateItem: 2 }, writeUnits: 2 });
    const call = { key: 'march/18', within: '30s', environment } as const;
    await effect(KeptCharge, ORDER, { ...call, run: ({ cents }, { key }) => provider.chargeOnce(key, cents) });
    expect(cost()).toEqual({ calls: { UpdateItem: 3 }, writeUnits: 3 });
  });

  it.each([
    ['4s', "from '5s'"],
    ['2h', "to '1h'"],
  ] as const)('may not take %s', async (within, sentence) => {
    await expect(producing().charge({ within })).rejects.toThrow(sentence);
  });

  it('has `verify` exactly where the service keeps no keys, and a key of its own', async () => {
    const { environment, provider } = producing();
    const call = { key: 'march/17', within: '30s', environment } as const;
    const { run, verify, settle } = chargeBy(provider);
    // @ts-expect-error nothing is known of a charge whose reply is lost
    await expect(effect(Charge, ORDER, { ...call, run })).rejects.toThrow('needs `verify` and `settle`');
    // @ts-expect-error the provider keeps keys
    await expect(effect(KeptCharge, ORDER, { ...call, run, verify, settle })).rejects.toThrow('leave them out');
    await expect(effect(Charge, ORDER, { ...call, key: '', run, verify, settle })).rejects.toThrow('key');
  });
});
