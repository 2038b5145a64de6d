import { quoted } from '../invalid-construct.ts';
import { isProduction, type Rule } from './rule.ts';

/** The context key under which an app records the names of its subscribers: an array of strings, e.g. in cdk.json. */
const RECORD = 'waybill:subscribers';

export const renamedSubscriber: Rule = {
  id: 'renamed-subscriber',
  refuses:
    'subscribers whose names differ from those that the context `waybill:subscribers` records, and in production ' +
    '(context `waybill:production`) none recorded',
  because:
    "A subscriber's name is its identity: under another one its proofs are gone, so that what was handled could " +
    'take effect again, and what was on its way to the old name is expected by nobody.',
  source: 'docs/decisions/delivery-proof.md',
  mend:
    'Take the old name back; or have its successor adopt what it has not ended (`adopts`); or, once the old one has nothing on its ' +
    'way, change the record too: that says so.',
  unknown: 'the names of the last deployment, where the app records none and is not production (a note)',

  *check({ stage, graph }) {
    const names = [...new Set(graph.subscribers.map(({ definition }) => definition.name))].sort();
    const record: unknown = stage.node.tryGetContext(RECORD);
    const [first] = graph.subscribers;
    if (record === undefined || record === null) {
      if (!first) return;
      const at = first.construct;
      const example = `for the context of cdk.json: "${RECORD}": ${JSON.stringify(names)}`;
      const unrecorded = `No names of subscribers are recorded (${example})`;
      const untold = `Nothing tells whether a subscriber was renamed: no names are recorded (${example})`;
      yield isProduction(at) ? { at, found: unrecorded } : { at, found: untold, unknown: 'note' };
      return;
    }
    const recorded = Array.isArray(record) ? record.map(String) : [];
    const adopted = new Set(graph.subscribers.map(({ adopts }) => adopts));
    const gone = recorded.filter((name) => !names.includes(name) && !adopted.has(name));
    const succeeding = graph.subscribers.filter(({ adopts }) => adopts !== undefined && recorded.includes(adopts));
    const successors = new Set(succeeding.map(({ definition }) => definition.name));
    const fresh = names.filter((name) => !recorded.includes(name) && !successors.has(name));
    if (gone.length === 0 && fresh.length === 0) return;
    const said = [
      gone.length > 0 && `${quoted(gone)} is recorded but gone`,
      fresh.length > 0 && `${quoted(fresh)} is not recorded`,
    ];
    const at = graph.subscribers.find(({ definition }) => fresh.includes(definition.name)) ?? first;
    yield { at: at?.construct ?? stage, found: `In the context '${RECORD}', ${said.filter(Boolean).join(', and ')}` };
  },
};
