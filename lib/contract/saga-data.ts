/** Limits of what the state machine of a saga carries. */
export const SAGA_LIMITS = {
  /**
   * Bytes of a saga's input, as JSON. The input of an execution holds 256 KiB, the rest is for what the machine adds.
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
   */
  inputBytes: 192 * 1024,
  /** Bytes of a step's answer, as JSON. */
  outputBytes: 32 * 1024,
} as const;

/** What JSONata's `$string` writes of a number. @see https://docs.jsonata.org/string-functions#string */
const DIGITS = 15;

/** What of a value a state machine could not carry as it is. */
export interface Unportable {
  readonly message: string;
  readonly path: readonly PropertyKey[];
}

/**
 * What of a JSON value a state machine could not carry as it is, if anything: the expressions of one write numbers with 15
 * digits.
 */
export function portable(value: unknown, mostBytes: number): Unportable | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
  if (bytes > mostBytes) {
    return {
      path: [],
      message: `it takes ${bytes} bytes as JSON, and a state machine carries ${mostBytes}: store the large part elsewhere, and give where it is`,
    };
  }
  return longNumber(value, []);
}

function longNumber(value: unknown, path: readonly PropertyKey[]): Unportable | undefined {
  if (typeof value === 'number' && Number(value.toPrecision(DIGITS)) !== value) {
    return {
      path,
      message: `a state machine carries ${DIGITS} digits of a number, and this one has more: round it, or give a text`,
    };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = longNumber(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    if (found) return found;
  }
  return undefined;
}
