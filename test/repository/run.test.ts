import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Says when it is ready, counts what it hears, and ends a while after it heard something. */
const listener = `
let heard = [];
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    heard.push(signal);
    setTimeout(() => {
      console.log('heard ' + heard.join(' and '));
      process.exit(3);
    }, 700);
  });
}
setInterval(() => undefined, 1000);
console.log('ready');
`;

/** Runs a command line on a terminal of its own, and presses Ctrl-C there for each line of its input. */
const terminal = `
import os, pty, sys, threading
pid, fd = pty.fork()
if pid == 0:
    os.execvp('sh', ['sh', '-c', sys.argv[1]])
def press():
    for line in sys.stdin:
        os.write(fd, b'\\x03')
threading.Thread(target=press, daemon=True).start()
try:
    while True:
        data = os.read(fd, 1024)
        if not data:
            break
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
except OSError:
    pass
os.waitpid(pid, 0)
`;

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-run-'));
  program = join(folder, 'listener.mjs');
  await writeFile(program, listener);
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(process.platform === 'win32')('a program hears of an interruption once', () => {
  test.each(['', '< /dev/null'])('that a terminal tells to the whole process group %s', async (input) => {
    const command = `"${process.execPath}" scripts/run.mjs "${program}" ${input}`;
    const child = spawn('python3', ['-c', terminal, command], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    expect(await outputAfter(child, () => void child.stdin?.write('Ctrl-C\n'))).toContain('heard SIGINT\r');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'that is told by %s, twice, to nobody but the one who started it',
    async (signal) => {
      // A session of its own has no terminal, whatever this test runs on.
      const child = spawn(process.execPath, ['scripts/run.mjs', program], {
        cwd: root,
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const output = await outputAfter(child, async () => {
        child.kill(signal);
        await sleep(100);
        child.kill(signal);
      });
      expect(output).toContain(`heard ${signal}\n`);
      expect(child.exitCode).toBe(3);
    },
  );
});

/** All that a program prints, which is interrupted once it is ready. */
async function outputAfter(child: ChildProcess, interrupt: () => void | Promise<void>): Promise<string> {
  let output = '';
  child.stdout?.on('data', async (chunk) => {
    const wasReady = output.includes('ready');
    output += chunk;
    if (!wasReady && output.includes('ready')) await interrupt();
  });
  await once(child, 'close');
  return output;
}
