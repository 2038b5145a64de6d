import type { Rule } from './rule.ts';

export const startingPosition: Rule = {
  id: 'starting-position',
  refuses: 'a starting position other than `TRIM_HORIZON` on a stream that a handler or the relay reads',
  because:
    'What is sent while the event source is created or updated would be missed: Lambda starts to poll minutes later.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html',
  mend: 'Start at `TRIM_HORIZON`: what was handled before is recognized.',

  *check({ sources }) {
    for (const { kind, mapping } of sources) {
      const { StartingPosition: position } = mapping.properties;
      if ((kind !== 'stream' && kind !== 'table') || position === 'TRIM_HORIZON') continue;
      yield { at: mapping.construct, found: `The event source starts at ${position ?? 'no position'}` };
    }
  },
};
