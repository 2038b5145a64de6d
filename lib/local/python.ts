import { runCommand } from './command.ts';
import { PythonIncomplete, PythonMissing } from './errors.ts';

/** The oldest Python that the engine runs on. */
const oldest = [3, 10] as const;

const probe = `
import importlib.util, json, sys
has = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({'version': sys.version_info[:3], 'complete': has('venv') and has('ensurepip')}))
`;

interface Probe {
  readonly version: readonly [number, number, number];
  readonly complete: boolean;
}

/**
 * The first of `python3` and `python` on the PATH that is new enough and can make a virtual environment.
 * @throws {PythonMissing} when there is none that is new enough.
 * @throws {PythonIncomplete} when there is one, but without `venv` or `pip`.
 */
export async function findPython(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const tooOld: string[] = [];
  let incomplete: string | undefined;
  for (const name of ['python3', 'python']) {
    const found = await look(name, environment);
    if (!found) continue;
    const version = found.version.join('.');
    if (!newEnough(found.version)) tooOld.push(`${name} is ${version}`);
    else if (!found.complete) incomplete ??= version;
    else return name;
  }
  if (incomplete) {
    const debian = `\`apt-get install python3-venv\``;
    throw new PythonIncomplete(
      `Python ${incomplete} is here without its venv and pip, which install the embedded engine: install them ` +
        `(on Debian and Ubuntu with ${debian}), start a Docker engine, or set AWS_ENDPOINT_URL to an engine of your own.`,
    );
  }
  throw new PythonMissing(
    `The embedded engine needs Python ${oldest.join('.')} or newer as python3 or python on the PATH` +
      `${tooOld.length > 0 ? ` (${tooOld.join(', ')})` : ''}: install it from https://www.python.org, ` +
      'start a Docker engine, or set AWS_ENDPOINT_URL to an engine of your own.',
  );
}

async function look(name: string, environment: NodeJS.ProcessEnv): Promise<Probe | undefined> {
  const { exitCode, lines } = await runCommand(name, ['-c', probe], { environment, timeoutMs: 20_000 });
  if (exitCode !== 0) return undefined;
  try {
    return JSON.parse(lines.at(-1) ?? '') as Probe;
  } catch {
    return undefined;
  }
}

function newEnough([major, minor]: Probe['version']): boolean {
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}
