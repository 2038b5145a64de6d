import type { IConstruct } from 'constructs';

/** The context key by which an app, a stage or a stack says that what it deploys is production. */
const PRODUCTION = 'waybill:production';

/** Whether a construct is deployed to production, as far as its context says so. */
export function isProduction(construct: IConstruct): boolean {
  return String(construct.node.tryGetContext(PRODUCTION)) === 'true';
}
