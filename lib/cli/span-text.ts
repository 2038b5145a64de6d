import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../contract/time.ts';

/** A length of time in words, in the two units that matter: `740 ms`, `9.4 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function lengthOf(milliseconds: number): string {
  const length = Math.max(0, Math.round(milliseconds));
  if (length < SECOND_MS) return `${length} ms`;
  if (length < MINUTE_MS) return `${(Math.floor(length / 100) / 10).toFixed(1)} s`;
  if (length < HOUR_MS)
    return `${Math.floor(length / MINUTE_MS)} min ${Math.floor((length % MINUTE_MS) / SECOND_MS)} s`;
  if (length < DAY_MS) return `${Math.floor(length / HOUR_MS)} h ${Math.floor((length % HOUR_MS) / MINUTE_MS)} min`;
  return `${Math.floor(length / DAY_MS)} d ${Math.floor((length % DAY_MS) / HOUR_MS)} h`;
}
