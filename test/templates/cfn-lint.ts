import { join } from 'node:path';
import { runCommand } from '../../lib/local/command.ts';
import { installPythonPackages } from '../../lib/local/engines/python-packages.ts';
import { userCacheFolder } from '../../lib/local/folders.ts';
import { findPython } from '../../lib/local/python.ts';

const VERSION = '1.58.0';

/** AWS's own linter of CloudFormation templates, with everything that it needs. https://pypi.org/project/cfn-lint/ */
const PACKAGES: readonly string[] = [
  `cfn-lint==${VERSION}`,
  'jsonpatch==1.47',
  'jsonpointer==3.12',
  'mpmath==1.3.0',
  'networkx==3.6.1',
  'PyYAML==6.0.3',
  'regex==2026.11.15',
  'sympy==1.14.0',
  'typing_extensions==4.16.0',
];

/** What the linter says of a template. */
export interface Finding {
  /** E.g. `W3005`; errors begin with `E`. */
  readonly rule: string;
  readonly message: string;
  readonly file: string;
}

/** The package has a command, but is no module that Python runs. */
const MAIN = 'import sys; from cfnlint.runner import main; sys.exit(main())';

interface Match {
  readonly Rule: { readonly Id: string };
  readonly Message: string;
  readonly Filename: string;
}

/**
 * Installs the linter into the user's cache unless it is there.
 *
 * @returns its Python
 * @throws {PythonMissing | PythonIncomplete | EngineInstallFailed}
 */
export async function installCfnLint(): Promise<string> {
  const installFolder = join(userCacheFolder(), `cfn-lint-${VERSION}`);
  return installPythonPackages(
    await findPython(),
    { what: 'cfnlint', packages: PACKAGES, complete: true, module: 'cfnlint' },
    { installFolder, environment: process.env, report: () => undefined },
  );
}

/** Lints template files. */
export async function lint(python: string, files: readonly string[]): Promise<Finding[]> {
  const { exitCode, lines } = await runCommand(python, ['-c', MAIN, '--format', 'json', '--', ...files]);
  const text = lines.join('\n');
  // 0 says that it found nothing; the bits 2, 4 and 8 that it found errors, warnings, informational things.
  if (exitCode === undefined || exitCode % 2 === 1 || !text.startsWith('[')) {
    throw new Error(`cfn-lint ended with ${exitCode}: ${text}`);
  }
  return (JSON.parse(text) as Match[]).map(({ Rule, Message, Filename }) => ({
    rule: Rule.Id,
    message: Message,
    file: Filename,
  }));
}
