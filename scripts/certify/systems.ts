import type { System } from '../../lib/simulator/system.ts';

const examples = () => import('./examples.ts');

/** The systems of this repository that `npm run certify` certifies, each by a name. */
const SYSTEMS = {
  shop: async () => (await import('./commerce.ts')).commerce,
  payments: async () => (await import('./payments.ts')).payments,
  accounts: async () => (await import('./accounts.ts')).accounts,
  trips: async () => (await import('./trips.ts')).trips,
  breaker: async () => (await examples()).breaker,
  certificate: async () => (await examples()).bank,
  delay: async () => (await examples()).delay,
  'flash-sale': async () => (await examples()).flashSale,
  'half-message': async () => (await examples()).halfMessage,
  localstack: async () => (await examples()).stock,
  redrive: async () => (await examples()).redrive,
  stream: async () => (await examples()).stream,
  'unit-test': async () => (await examples()).unitTest,
  versions: async () => (await examples()).versions,
} satisfies Readonly<Record<string, () => Promise<System>>>;

export type SystemName = keyof typeof SYSTEMS;

export const SYSTEM_NAMES = Object.keys(SYSTEMS) as readonly SystemName[];

const OWN: readonly SystemName[] = ['shop', 'payments', 'accounts', 'trips'];

/** Those of `examples/`, each named like its folder: `commerce` is the shop, and for `travel` there is `trips`. */
export const EXAMPLES = SYSTEM_NAMES.filter((name) => !OWN.includes(name));

export function loadSystem(name: SystemName): Promise<System> {
  return SYSTEMS[name]();
}
