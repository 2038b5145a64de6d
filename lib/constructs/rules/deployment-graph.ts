import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { EventDefinition } from '../../contract/event.ts';
import type { SagaDefinition } from '../../contract/saga-shape.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import type { IChannel } from '../channel/channel-interface.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

export interface DeployedLedger {
  readonly ledger: ILedger;
  /** Absent for an imported one. */
  readonly own?: {
    readonly relay: lambda.Function;
    /** Whether the ledger's props say that its data may be deleted with its stack. */
    readonly disposable: boolean;
    /** Whether other apps can import it, and so may read, subscribe and publish unseen. */
    readonly importable: boolean;
    /** The format of outbox rows that its props ask for, if they do. */
    readonly format?: number;
  };
}

export interface DeployedSubscriber {
  readonly construct: IConstruct;
  readonly definition: SubscriberDefinition;
  /** The subscriber that it succeeds, if it does. */
  readonly adopts?: string;
  readonly channel: IChannel;
  readonly handler: lambda.Function;
  /** The tag of its circuit's controller, where it has a breaker. */
  readonly controllerTag?: string;
  /** Where it scales: the tag of its scaler, and between how many invocations at once. */
  readonly scale?: {
    readonly tag: string;
    readonly min: number;
    readonly max: number;
    readonly isForecast: boolean;
    /** The stream that is given shards, if one is. */
    readonly resharded?: IConstruct;
  };
  readonly recorder: lambda.Function;
  readonly queue: sqs.IQueue;
  readonly backstopQueue: sqs.IQueue;
  readonly deadLetterQueue: sqs.IQueue;
  /** The custom resource that writes the subscriber's routes. */
  readonly route: IConstruct;
}

/** A queue of work that is no subscriber's: the forward queue of a ledger, the requests of a check-back, or the messages of a controller. */
export interface DeployedWorkQueue {
  readonly construct: IConstruct;
  readonly purpose: 'forward' | 'check-back' | 'control' | 'unwind';
  readonly ledger: ILedger;
  readonly consumer: lambda.Function;
  readonly queue: sqs.IQueue;
  readonly deadLetterQueue: sqs.IQueue;
}

/** A saga, and what keeps it. */
export interface DeployedSaga {
  readonly construct: IConstruct;
  readonly ledger: ILedger;
  readonly definition: SagaDefinition;
  /** Seconds after which an execution that has not ended is too old. */
  readonly tooOldSeconds: number;
}

/** A producer that sends by handshake. */
export interface DeployedHandshake {
  readonly ledger: ILedger;
  readonly producer: IConstruct;
}

/** Somebody who may cancel messages. */
export interface DeployedCanceller {
  readonly ledger: ILedger;
  readonly canceller: IConstruct;
}

export interface DeployedProducer {
  readonly ledger: ILedger;
  readonly producer: IConstruct;
  /** The event types that the producer said it publishes. */
  readonly publishes: readonly EventDefinition[];
}

/** The constructs of Waybill that a stage has, over all its stacks. Each construct registers itself. */
export class DeploymentGraph {
  readonly ledgers: DeployedLedger[] = [];
  readonly channels: IChannel[] = [];
  readonly subscribers: DeployedSubscriber[] = [];
  readonly producers: DeployedProducer[] = [];
  readonly handshakes: DeployedHandshake[] = [];
  readonly cancellers: DeployedCanceller[] = [];
  readonly workQueues: DeployedWorkQueue[] = [];
  readonly sagas: DeployedSaga[] = [];

  readonly #subscriberVisitors: ((subscriber: DeployedSubscriber) => void)[] = [];
  readonly #watched: ILedger[] = [];
  readonly #watchedVisitors: ((ledger: ILedger) => void)[] = [];
  readonly #workQueueVisitors: ((workQueue: DeployedWorkQueue) => void)[] = [];
  readonly #sagaVisitors: ((saga: DeployedSaga) => void)[] = [];

  addSubscriber(subscriber: DeployedSubscriber): void {
    this.subscribers.push(subscriber);
    for (const visit of this.#subscriberVisitors) visit(subscriber);
  }

  /** Calls back for every subscriber: those that are there, and each that comes later. */
  eachSubscriber(visit: (subscriber: DeployedSubscriber) => void): void {
    for (const subscriber of this.subscribers) visit(subscriber);
    this.#subscriberVisitors.push(visit);
  }

  addSaga(saga: DeployedSaga): void {
    this.sagas.push(saga);
    for (const visit of this.#sagaVisitors) visit(saga);
  }

  /** Calls back for every saga: those that are there, and each that comes later. */
  eachSaga(visit: (saga: DeployedSaga) => void): void {
    for (const saga of this.sagas) visit(saga);
    this.#sagaVisitors.push(visit);
  }

  addWatched(ledger: ILedger): void {
    this.#watched.push(ledger);
    for (const visit of this.#watchedVisitors) visit(ledger);
  }

  /** Calls back for every ledger that has a watcher: those that are there, and each that comes later. */
  eachWatched(visit: (ledger: ILedger) => void): void {
    for (const ledger of this.#watched) visit(ledger);
    this.#watchedVisitors.push(visit);
  }

  addWorkQueue(workQueue: DeployedWorkQueue): void {
    this.workQueues.push(workQueue);
    for (const visit of this.#workQueueVisitors) visit(workQueue);
  }

  /** Calls back for every work queue: those that are there, and each that comes later. */
  eachWorkQueue(visit: (workQueue: DeployedWorkQueue) => void): void {
    for (const workQueue of this.workQueues) visit(workQueue);
    this.#workQueueVisitors.push(visit);
  }
}
