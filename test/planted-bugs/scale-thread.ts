import { parentPort, workerData } from 'node:worker_threads';
import { type Planted, plant } from './plant.ts';
import { scaleBugs } from './scale-bugs.ts';
import type * as scaling from './scale-drills.cases.ts';

// Runs the drill of a bug on the code with that bug in it; without one, every drill on the code as it is written.
const { bug: name } = workerData as { readonly bug?: string };
const bug = scaleBugs.find((one) => one.name === name);
const planted: Pick<Planted, 'load' | 'astray'> = plant(bug ?? { edits: [] });
const { drills } = await planted.load<typeof scaling>('test/planted-bugs/scale-drills.cases.ts');
const run = Object.entries(drills).filter(([drill]) => !bug || drill === bug.drill);
const found: string[] = [];
for (const [, drill] of run) found.push(...(await drill()));
parentPort?.postMessage({ astray: planted.astray(), found });
