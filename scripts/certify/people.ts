/** Whose profiles are sent, by the mode in which they are. */
export const PEOPLE = {
  soon: { customerId: 'alan', given: 'Alan', family: 'Turing' },
  minutes: { customerId: 'edsger', given: 'Edsger', family: 'Dijkstra' },
  hours: { customerId: 'barbara', given: 'Barbara', family: 'Liskov' },
  days: { customerId: 'leslie', given: 'Leslie', family: 'Lamport' },
  handshake: { customerId: 'radia', given: 'Radia', family: 'Perlman' },
  reported: { customerId: 'frances', given: 'Frances', family: 'Allen' },
  cancelled: { customerId: 'donald', given: 'Donald', family: 'Knuth' },
  moved: { customerId: 'john', given: 'John', family: 'Backus' },
  disputed: { customerId: 'niklaus', given: 'Niklaus', family: 'Wirth' },
} as const;

/** Their names, by customer. */
export const NAMES: ReadonlyMap<string, string> = new Map(
  Object.values(PEOPLE).map(({ customerId, given, family }) => [customerId, `${given} ${family}`]),
);
