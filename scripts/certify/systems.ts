import type { System } from '../../lib/simulator/system.ts';

/** The systems of this repository that `npm run certify` certifies, each by a name. */
const SYSTEMS = {
  shop: async () => (await import('./commerce.ts')).commerce,
  payments: async () => (await import('./payments.ts')).payments,
} satisfies Readonly<Record<string, () => Promise<System>>>;

export type SystemName = keyof typeof SYSTEMS;

export const SYSTEM_NAMES = Object.keys(SYSTEMS) as readonly SystemName[];

export function loadSystem(name: SystemName): Promise<System> {
  return SYSTEMS[name]();
}
