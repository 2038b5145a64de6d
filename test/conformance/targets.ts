import type { Destination } from './aws-api.ts';
import { FEATURES, type Feature } from './case.ts';
import type { Clients } from './clients.ts';
import { clientsOf } from './clients.ts';
import { memoryTarget } from './memory.ts';
import type { SuiteTarget } from './run-suites.ts';
import { SdkScratch } from './scratch.ts';

/** What is not modelled at all by the engines of `waybill/testing`: nothing of Waybill is built on it. */
const NOT_IN_MEMORY: readonly Feature[] = ['step-functions', 'events'];

/** What the engines of `waybill/testing` have. */
export const MEMORY_FEATURES: ReadonlySet<Feature> = new Set(FEATURES.filter((one) => !NOT_IN_MEMORY.includes(one)));

/** What MiniStack has. */
export const MINISTACK_FEATURES: ReadonlySet<Feature> = new Set(FEATURES);

const DUMMY_ROLE = 'arn:aws:iam::000000000000:role/waybill-conformance';

/** An engine, or the real AWS, behind its clients. @param role what Lambda, Step Functions and the Scheduler may take */
export function sdkTarget(
  destination: Destination,
  features: ReadonlySet<Feature>,
  role: string = DUMMY_ROLE,
): SuiteTarget & { readonly aws: Clients; close(): void } {
  const aws = clientsOf(destination);
  return {
    features,
    aws,
    open: () => ({ aws, scratch: new SdkScratch(aws, { role, region: destination.region }) }),
    close: () => aws.close(),
  };
}

export const MEMORY_TARGET: SuiteTarget = { features: MEMORY_FEATURES, open: memoryTarget };
