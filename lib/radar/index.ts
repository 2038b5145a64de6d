export { LedgerSource, type LedgerSourceOptions } from './ledger-source.ts';
export type { RadarSource } from './radar-source.ts';
export { PortUnavailable, type RadarServer, serveRadar } from './serve.ts';
