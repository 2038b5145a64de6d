import { readRedrive, redrive, resumeRedrive, stopRedrive } from 'waybill/operations';

/** What an operator's function is asked to do, with no other right than `grantRedrive` gives. */
export type Order =
  | readonly ['redrive', subscriber: string, ids: readonly string[]]
  | readonly ['read' | 'stop' | 'resume', operation: string];

export function handler([what, name, ids]: Order): Promise<object> {
  switch (what) {
    case 'redrive':
      return redrive({ name }, { ids, republish: true, maxRate: 500 });
    case 'read':
      return readRedrive(name);
    case 'stop':
      return stopRedrive(name);
    case 'resume':
      return resumeRedrive(name);
  }
}
