import { WaybillError } from '../contract/index.ts';

/** The stable code of an error: Waybill's own, else the name that AWS or the language gave it. */
export function errorCode(error: unknown): string {
  if (error instanceof WaybillError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
