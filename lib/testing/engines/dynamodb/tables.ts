import { tableExists, tableNotFound } from './exceptions.ts';
import { type Change, Table, type TableSchema } from './table.ts';

/** The tables of an engine, and the one sequence in which all their changes are committed. */
export class Tables {
  readonly #now: () => number;
  readonly #tables = new Map<string, Table>();
  readonly #onChange: (change: Change) => void;
  #sequence = 0;

  constructor(now: () => number, onChange: (change: Change) => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  /** @throws ResourceInUseException when there is one of that name */
  create(schema: TableSchema): Table {
    if (this.#tables.has(schema.name)) throw tableExists(schema.name);
    const table = new Table(schema, this.#now(), (change) => this.#commit(change));
    this.#tables.set(schema.name, table);
    return table;
  }

  get(name: string): Table | undefined {
    return this.#tables.get(name);
  }

  /**
   * The table that a request names, by its name or its ARN.
   *
   * @throws ResourceNotFoundException when there is none
   */
  find(nameOrArn: string | undefined): Table {
    const name = nameOrArn?.startsWith('arn:') ? nameOrArn.split('/').at(-1) : nameOrArn;
    const table = name === undefined ? undefined : this.#tables.get(name);
    if (!table) throw tableNotFound();
    return table;
  }

  #commit(change: Omit<Change, 'sequence' | 'at'>): Change {
    this.#sequence += 1;
    const committed: Change = { ...change, sequence: this.#sequence, at: this.#now() };
    this.#onChange(committed);
    return committed;
  }
}
