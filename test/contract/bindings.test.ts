import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BINDINGS, tableBinding } from '../../lib/contract/bindings.ts';
import { subscriberNames } from '../message/samples.ts';

/** Tables are named as subscribers are. */
const tableNames = subscriberNames;

describe('the environment variables of a function', () => {
  it('have names that Lambda takes, and say whose they are', () => {
    fc.assert(
      fc.property(tableNames, (name) => {
        for (const variable of [...Object.values(BINDINGS), tableBinding(name)]) {
          expect(variable).toMatch(/^WAYBILL_[A-Z0-9_]+$/);
        }
      }),
    );
  });

  it('are one for each table, and never one that means something else', () => {
    fc.assert(
      fc.property(tableNames, tableNames, (one, other) => {
        expect(tableBinding(one) === tableBinding(other)).toBe(one === other);
        expect(Object.values(BINDINGS)).not.toContain(tableBinding(one));
      }),
    );
  });

  it('read as the table is called', () => {
    expect(tableBinding('stock-levels')).toBe('WAYBILL_TABLE_STOCK_LEVELS');
  });
});
