import type { Hop } from '../inspect/inspection.ts';

/** What each hop is called where somebody reads it for the first time. */
export const HOP_NAMES: Readonly<Record<Hop, string>> = {
  producer: 'producer: committed, not handed over',
  relay: 'relay: committed, not sent',
  broker: 'broker: sent, not received',
  consumer: 'consumer: not handled',
  dead: 'dead-lettered',
};

/** What the radar says where no hour wants attention. A record that was no message has a letter, and no row that counts it. */
export const CALM =
  'No message of these days is missing, and none has ended dead. Records that were no messages are not counted here: see the depth of the dead-letter queues.';

/** `1.2 s`, `3 min`, `2 h`, `5 d`. */
export function durationInWords(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 120_000) return `${Number((milliseconds / 1_000).toFixed(1))} s`;
  if (milliseconds < 7_200_000) return `${Math.round(milliseconds / 60_000)} min`;
  if (milliseconds < 172_800_000) return `${Math.round(milliseconds / 3_600_000)} h`;
  return `${Math.round(milliseconds / 86_400_000)} d`;
}

/** `08:14:03.250`, UTC. */
export function timeOfDay(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(11, 23);
}
