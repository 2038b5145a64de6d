import { type Envelope, encodeEnvelope } from '../../message/envelope.ts';
import type { Queue } from '../../testing/engines/index.ts';
import { sagaOfMachine } from '../../testing/stack/sagas.ts';
import type { LostPermission } from '../faults/permission.ts';
import { FORGED } from '../run/envelopes.ts';
import { fail, forbid, kill, refuse, switchOff } from '../run/sickness.ts';
import { laterIn, type World } from '../run/world.ts';
import type { Deployer, RouteResource } from './deployer.ts';
import type { PlannedOperation } from './operation.ts';
import type { Command } from './operator-function.ts';

/** Milliseconds in which a stack's resources are made or deleted, one after the other. */
const STEP_MS = 4_000;
/** Milliseconds after which a command that failed is given again, and how often it is. */
const AGAIN_MS = 5_000;
const MOST_TRIES = 20;
/** Milliseconds after which an operator redrives at a subscriber that is stopped. */
const STOPPED_MS = 5_000;
/** Milliseconds between two requests of a load that grows. */
const LOAD_MS = 250;

/** What operators reach of a deployed system. */
export interface Operated {
  /** The properties by which a subscriber's routes are registered. */
  readonly routesOf: (subscriber: string) => RouteResource;
  /** The same, where they add its event type to another one. */
  readonly addedTo: (subscriber: string) => RouteResource;
  /** Who succeeds it when it is renamed. */
  readonly successorOf: (subscriber: string) => string;
  /** Its function runs the code that knows its event type. */
  readonly deployCode: (subscriber: string) => void;
  /** A subscriber's own queue. */
  readonly queueOf: (subscriber: string) => Queue | undefined;
  /** The messages that are in the ledger now. */
  readonly committed: () => readonly Envelope[];
  /** Its event sources begin, if they have not yet. */
  readonly startSources: (subscriber: string) => void;
  /** Deploys functions with another shard count. */
  readonly deployShards: (stack: 'application' | 'ledger', shards: number) => void;
  /** Carries a command of `waybill` out. */
  readonly command: (command: Command) => Promise<unknown>;
  /** The ids of the mappings of a subscriber's event sources. */
  readonly mappingsOf: (subscriber: string) => readonly string[];
  /** Queues, streams and subscribers that are worse off while a function may not do something. */
  readonly concernedBy: (lost: LostPermission) => readonly string[];
  /** Producers are asked for a step of the workload. */
  readonly ask: (step: number) => void;
  /** From now on each run of the reconciler is made twice, so many milliseconds apart. */
  readonly doubleReconciler: (apart: number) => void;
}

/** Carries the operations of a plan out. */
export class Operator {
  readonly #world: World;
  readonly #system: Operated;
  readonly #deployer: Deployer;

  constructor(world: World, system: Operated, deployer: Deployer) {
    this.#world = world;
    this.#system = system;
    this.#deployer = deployer;
  }

  schedule(planned: readonly PlannedOperation[]): void {
    for (const one of planned) {
      laterIn(this.#world, one.at, () => {
        const { record, operations } = this.#world;
        record.note(`OPERATION ${JSON.stringify(one)}`);
        operations[one.kind] = (operations[one.kind] ?? 0) + 1;
        this.#carryOut(one);
      });
    }
  }

  #carryOut(one: PlannedOperation): void {
    const world = this.#world;
    const system = this.#system;
    switch (one.kind) {
      case 'subscriber-added':
        this.#add(one.subscriber);
        break;
      case 'subscriber-renamed':
        this.#rename(one);
        break;
      case 'event-type-added':
        this.#addType(one);
        break;
      case 'subscriber-removed':
        this.#remove(one.subscriber);
        break;
      case 'subscriber-added-again':
        this.#remove(one.subscriber, () => laterIn(world, one.after, () => this.#add(one.subscriber)));
        break;
      case 'subscriber-paused':
        world.record.add({ kind: 'sick', to: one.subscriber });
        switchOff(world, one.subscriber, one.for);
        break;
      case 'destination-refused':
        refuse(world, one.to, one.for);
        break;
      case 'foreign-messages':
        this.#sendCopies(one.subscriber, foreign);
        break;
      case 'forged-messages':
        this.#sendCopies(one.subscriber, (envelope) => [forged(envelope, one.signed)]);
        break;
      case 'killed':
        kill(world, one.function, one);
        break;
      case 'permission-lost':
        for (const to of system.concernedBy(one)) world.record.add({ kind: 'sick', to });
        forbid(world, one, one.for);
        break;
      case 'service-fails':
        fail(world, one.service, one.for);
        break;
      case 'paused-by-command':
        this.#pause(one.subscriber, one.for);
        break;
      case 'sources-switched-on':
        for (const UUID of system.mappingsOf(one.subscriber)) {
          world.lambda?.update({ UUID, Enabled: true });
          world.record.add({ kind: 'switched', source: UUID, isOn: true });
        }
        break;
      case 'redriven':
        this.command({ command: 'redrive', subscriber: one.subscriber });
        break;
      case 'sent-again':
        this.command({ command: 'send-again', subscriber: one.subscriber });
        break;
      case 'execution-stopped':
        this.#stop(one.saga);
        break;
      case 'redriven-while-stopped':
        laterIn(world, one.after, () => this.#redriveStopped(one));
        break;
      case 'two-reconcilers':
        system.doubleReconciler(one.apart);
        break;
      case 'load-grows':
        for (const from of [0, one.again]) {
          for (let time = 0; time < one.times; time++) {
            laterIn(world, from + time * LOAD_MS, () => system.ask(one.step));
          }
        }
        break;
      case 'shards-disagree':
        system.deployShards(one.stack, one.to);
        break;
    }
  }

  /** One of the executions of a saga, as soon as one runs. */
  #stop(saga: string, tries = 1): void {
    const { stepFunctions, draw } = this.#world;
    const all = stepFunctions?.executions ?? [];
    const running = all.filter(({ machine, status }) => status === 'RUNNING' && sagaOfMachine(machine) === saga);
    const one = running[draw(`execution of ${saga} to stop`, running.length || 1)];
    if (one) stepFunctions?.stop(one.arn);
    else if (tries < MOST_TRIES) laterIn(this.#world, AGAIN_MS, () => this.#stop(saga, tries + 1));
  }

  #redriveStopped({ subscriber, by, for: time }: Extract<PlannedOperation, { kind: 'redriven-while-stopped' }>): void {
    const world = this.#world;
    if (by === 'command') {
      this.#pause(subscriber, time);
    } else {
      world.record.add({ kind: 'sick', to: subscriber });
      switchOff(world, subscriber, time);
    }
    laterIn(world, STOPPED_MS, () => this.command({ command: 'redrive', subscriber }));
  }

  #pause(subscriber: string, time: number): void {
    this.command({ command: 'pause', subscriber });
    laterIn(this.#world, time, () => this.command({ command: 'resume', subscriber }));
  }

  /** Somebody sends what he has made of the ledger's messages to the subscriber's queue. */
  #sendCopies(subscriber: string, copies: (envelope: Envelope) => readonly Envelope[], tries = 1): void {
    const queue = this.#world.gone.has(subscriber) ? undefined : this.#system.queueOf(subscriber);
    const copied = this.#system.committed();
    if (copied.length === 0 && tries < MOST_TRIES) {
      laterIn(this.#world, AGAIN_MS, () => this.#sendCopies(subscriber, copies, tries + 1));
      return;
    }
    for (const envelope of copied.flatMap(copies)) {
      queue?.send({ id: `copy-${envelope.id}`, body: encodeEnvelope(envelope), attributes: {} }, 0);
    }
  }

  /** Where a command fails, the operator gives it again. */
  command(command: Command, tries = 1): void {
    const world = this.#world;
    world.pending += 1;
    const over = () => {
      world.pending -= 1;
    };
    const again = () => {
      over();
      if (tries < MOST_TRIES) laterIn(world, AGAIN_MS, () => this.command(command, tries + 1));
    };
    this.#system.command(command).then(over, again);
  }

  /** Queue, function and event source are there before the route that leads to them. */
  #add(subscriber: string): void {
    const { gone, disabled } = this.#world;
    gone.delete(subscriber);
    disabled.delete(subscriber);
    this.#system.startSources(subscriber);
    this.#deployer.request('Create', subscriber, this.#system.routesOf(subscriber), () => undefined);
  }

  /** A deploy makes what is new before it deletes what is old; two may also do it the other way round. */
  #rename({ subscriber, first, apart }: Extract<PlannedOperation, { kind: 'subscriber-renamed' }>): void {
    const successor = this.#system.successorOf(subscriber);
    const add = () => this.#add(successor);
    if (first === 'new') {
      add();
      laterIn(this.#world, apart, () => this.#remove(subscriber));
    } else this.#remove(subscriber, () => laterIn(this.#world, apart, add));
  }

  /** A deploy brings code and routes in an order of its own. */
  #addType({ subscriber, first, apart }: Extract<PlannedOperation, { kind: 'event-type-added' }>): void {
    const code = () => this.#system.deployCode(subscriber);
    const routes = this.#system.addedTo(subscriber);
    const route = () => this.#deployer.request('Update', subscriber, routes, () => undefined);
    const [now, later] = first === 'code' ? [code, route] : [route, code];
    now();
    laterIn(this.#world, apart, later);
  }

  /** The routes end first: what leads nowhere must not be there when the rest goes, resource by resource. */
  #remove(subscriber: string, then: () => void = () => undefined): void {
    const { disabled, gone, record } = this.#world;
    this.#deployer.request('Delete', subscriber, this.#system.routesOf(subscriber), () => {
      laterIn(this.#world, STEP_MS, () => {
        disabled.set(subscriber, Number.POSITIVE_INFINITY);
        laterIn(this.#world, STEP_MS, () => {
          gone.add(subscriber);
          record.add({ kind: 'queue-deleted', queue: subscriber });
          const queue = this.#system.queueOf(subscriber);
          for (const { id } of queue?.messages() ?? []) {
            const { receiptHandle } = queue?.receiveOnly(id) ?? {};
            if (receiptHandle !== undefined) queue?.delete(receiptHandle);
          }
          then();
        });
      });
    });
  }
}

/** A message of another ledger, a copy of this one or one beside it: under the same id, and under another. */
function foreign({ id, ...envelope }: Envelope): readonly Envelope[] {
  const other = id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  return [id, other].map((one) => ({ ...envelope, id: one, ledger: 'another-ledger' }));
}

/** The message with other texts in its payload: with its signature, or without one, and due at once. */
function forged(envelope: Envelope, isSigned: boolean): Envelope {
  const { signature: _, deliverat: __, ...rest } = envelope;
  const cells = Object.entries(envelope.data ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' ? FORGED : value,
  ]);
  return { ...(isSigned ? envelope : rest), data: Object.fromEntries(cells) };
}
