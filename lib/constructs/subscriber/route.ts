import { CustomResource, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { EventDefinition } from '../../contract/event.ts';
import { NEWEST_FORMAT } from '../../ledger/rows/format.ts';
import type { Destination } from '../../ledger/rows/route.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

export interface RouteProps {
  readonly ledger: ILedger;
  readonly subscriber: string;
  readonly events: readonly EventDefinition[];
  readonly destination: Destination;
  /** Milliseconds. */
  readonly deadline: number;
  /** The subscriber that it succeeds. */
  readonly adopts?: string;
  /** Whether its handler has effects outside. */
  readonly effects: boolean;
  /** Whether it keeps an order. */
  readonly ordered: boolean;
}

/**
 * The ledger's rows that say who expects which event types: written when the route is created, ended when it is
 * deleted.
 */
export class Route extends CustomResource {
  constructor(scope: Construct, id: string, props: RouteProps) {
    super(scope, id, {
      resourceType: 'Custom::WaybillRoute',
      serviceToken: props.ledger.registerRoutesArn,
      serviceTimeout: Duration.minutes(5),
      properties: {
        subscriber: props.subscriber,
        events: props.events.map(({ type, businessLine }) => ({ type, businessLine })),
        destination: props.destination,
        deadline: props.deadline,
        ...(props.adopts !== undefined && { adopts: props.adopts }),
        ...(props.effects && { effects: true }),
        ...(props.ordered && { ordered: true }),
        reads: NEWEST_FORMAT,
      },
    });
  }
}
