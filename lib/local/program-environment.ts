import { delimiter, dirname } from 'node:path';
import { IDENTITY } from './endpoint.ts';

const KEPT = [
  ...['LANG', 'LC_ALL', 'LD_LIBRARY_PATH', 'NUMBER_OF_PROCESSORS'],
  ...['SystemRoot', 'ComSpec', 'PATHEXT', 'WINDIR'],
];

/**
 * The environment of an engine, with nothing of this user's: no credentials, profiles or settings of the AWS SDK, and a home
 * folder without a `.aws`. Lambda workers inherit it.
 */
export function programEnvironment(environment: NodeJS.ProcessEnv, home: string): NodeJS.ProcessEnv {
  return {
    ...Object.fromEntries(KEPT.map((name) => [name, environment[name]])),
    // Lambda workers run on the Node that runs this process.
    PATH: [dirname(process.execPath), environment.PATH].filter(Boolean).join(delimiter),
    HOME: home,
    USERPROFILE: home,
    TMPDIR: home,
    TEMP: home,
    // As in Lambda.
    TZ: 'UTC',
    ...IDENTITY,
  };
}
