import { expect, test } from 'vitest';
import { PythonIncomplete, PythonMissing } from '../../lib/local/errors.ts';
import { findPython } from '../../lib/local/python.ts';
import { temporaryFolder, writeProgram } from './fake-program.ts';

const answering = (version: number[], complete: boolean) =>
  `console.log(${JSON.stringify(JSON.stringify({ version, complete }))});`;

test('without any Python the error says what to install and what else would do', async () => {
  const search = findPython({ PATH: temporaryFolder() });
  await expect(search).rejects.toThrow(PythonMissing);
  await expect(search).rejects.toThrow(/Python 3\.10 or newer.*install it.*Docker.*AWS_ENDPOINT_URL/);
});

test('a Python that is too old is named in the error', async () => {
  const folder = temporaryFolder();
  writeProgram(folder, 'python3', answering([3, 9, 18], true));
  await expect(findPython({ PATH: folder })).rejects.toThrow('python3 is 3.9.18');
});

test('a Python without venv and pip gives the command that installs them', async () => {
  const folder = temporaryFolder();
  writeProgram(folder, 'python3', answering([3, 12, 3], false));
  const search = findPython({ PATH: folder });
  await expect(search).rejects.toThrow(PythonIncomplete);
  await expect(search).rejects.toThrow(/3\.12\.3.*apt-get install python3-venv/);
});

test('python is taken where python3 is too old, broken or absent', async () => {
  const folder = temporaryFolder();
  writeProgram(folder, 'python', answering([3, 13, 0], true));
  await expect(findPython({ PATH: folder })).resolves.toBe('python');
  writeProgram(folder, 'python3', 'process.exit(9);');
  await expect(findPython({ PATH: folder })).resolves.toBe('python');
  writeProgram(folder, 'python3', answering([3, 8, 0], true));
  await expect(findPython({ PATH: folder })).resolves.toBe('python');
});
