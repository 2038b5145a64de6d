export type { HostEndpoints, HostedRequest, HostWire } from './clients.ts';
export { ResourceRefused, RoutesNotRegistered, TemplateNotUnderstood } from './errors.ts';
export { type HostedStacks, type HostOptions, hostStacks } from './hosted-stacks.ts';
export { describeLeftOut, type LeftOut } from './left-out.ts';
export type { Template, TemplateResource } from './template.ts';
