import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { zipOf } from '../../../lib/local/dev/zip.ts';
import { temporaryFolder } from '../fake-program.ts';

/** Reads an archive by somebody else's code, and has it check each sum. */
const reader = `
import base64, json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
print(json.dumps({name: base64.b64encode(archive.read(name)).decode() for name in archive.namelist()}))
`;

test('an archive holds its files, as another program reads them', () => {
  const names = fc.stringMatching(/^[a-z][a-z0-9.]{0,11}$/);
  const files = fc.dictionary(names, fc.uint8Array({ maxLength: 5_000 }), { minKeys: 1, maxKeys: 5 });
  const file = join(temporaryFolder(), 'code.zip');
  fc.assert(
    fc.property(files, (given) => {
      writeFileSync(file, zipOf(given));
      const read = JSON.parse(execFileSync('python3', ['-c', reader, file], { encoding: 'utf8' })) as object;
      const expected = Object.entries(given).map(([name, content]) => [name, Buffer.from(content).toString('base64')]);
      expect(read).toEqual(Object.fromEntries(expected));
    }),
    { numRuns: 20 },
  );
});
