/**
 * Writes what each public door exports to `api/`: `npm run api`. The reports are committed, so that a change of the public
 * API is seen in review; test/repository/api-report.test.ts compares them with the doors.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { reportFile, reportOf, reportPath } from './api/door-report.ts';
import { readPublicDoors } from './api/public-doors.ts';
import { SetupError } from './setup/program.mjs';

try {
  for (const door of await readPublicDoors()) {
    mkdirSync(dirname(reportPath(door)), { recursive: true });
    writeFileSync(reportPath(door), reportOf(door));
    process.stdout.write(`${reportFile(door)}: ${door.names.length} names\n`);
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}
