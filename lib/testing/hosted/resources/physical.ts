import type { HostClients } from '../clients.ts';

/** A resource as an engine has made it. */
export interface Physical {
  /** The value of `Ref`. */
  readonly ref: string;
  /** The values of `Fn::GetAtt`, by attribute. */
  readonly attributes: Readonly<Record<string, string | undefined>>;
  destroy(): Promise<void>;
}

/** The means of making a resource. */
export interface ResourceRequest {
  /** A name that nothing else has; a name in the properties goes before it. */
  readonly name: string;
  /** With all functions carried out. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly clients: HostClients;
  readonly region: string;
}

/** Makes resources of one type. */
export type ResourceMaker = (request: ResourceRequest) => Promise<Physical>;
