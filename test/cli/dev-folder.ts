import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** The app of `dev-app` in a folder of its own within this repository, whose packages it uses. */
export function devFolder(): { readonly folder: string; readonly remove: () => void } {
  mkdirSync(join(root, '.waybill'), { recursive: true });
  const folder = mkdtempSync(join(root, '.waybill', 'dev-app-'));
  cpSync(join(import.meta.dirname, 'dev-app'), folder, { recursive: true });
  const app = `"${process.execPath}" --conditions=waybill-source app.ts`;
  writeFileSync(join(folder, 'cdk.json'), JSON.stringify({ app, versionReporting: false, pathMetadata: false }));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
