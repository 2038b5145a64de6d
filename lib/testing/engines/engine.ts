import {
  applied,
  type ClientOf,
  directWire,
  EngineClient,
  type Operations,
  type SdkCommand,
  type Wire,
} from './wire.ts';

/**
 * A service of AWS in memory: it carries commands out at once, by whichever client they come.
 *
 * @typeParam Client the SDK's client of the service
 * @typeParam Event what listeners are told
 */
export abstract class Engine<Client extends { send: unknown }, Event extends readonly unknown[] = never> {
  protected abstract readonly operations: Operations;
  protected readonly now: () => number;
  readonly #listeners: ((...event: Event) => void)[] = [];

  constructor({ now }: { readonly now: () => number }) {
    this.now = now;
  }

  /** Carries a command out, at once: the core to which every client's requests come. */
  apply(command: SdkCommand): object {
    return applied(this.operations, command);
  }

  /** A client that sends its requests over the wire. */
  client(wire: Wire = directWire): ClientOf<Client> {
    return new EngineClient(this.operations, wire) as unknown as ClientOf<Client>;
  }

  /** Calls the listener at whatever happens from now on, in the moment in which it does. */
  onEvent(listener: (...event: Event) => void): void {
    this.#listeners.push(listener);
  }

  protected readonly tell = (...event: Event): void => {
    for (const listener of this.#listeners) listener(...event);
  };
}
