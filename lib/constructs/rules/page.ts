/** Pages of this repository lie in the package too. */
const PACKAGE = import.meta.url.endsWith('.ts') ? '' : 'node_modules/waybill/';

/** Where the page that a rule rests on is read: its address, or its file from the root of the project. */
export function pageOf(source: string): string {
  return source.startsWith('docs/') ? PACKAGE + source : source;
}
