/**
 * Which room of `lib` may import which: the one table of it. `npm run rooms` writes it into biome.json, by which the
 * linter enforces it; test/repository/import-rules.test.ts tries every pair.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * @typedef {object} Room
 * @property {readonly string[]} imports the rooms that it may import, beside itself
 * @property {number} [depth] levels of folders within it, its own included. Default: 1
 * @property {readonly string[]} [files] single files of other rooms that it may import
 * @property {readonly (keyof typeof LIBRARIES)[]} without libraries that it may not import
 * @property {string} because what the linter says
 */

const LIBRARIES = {
  cdk: ['aws-cdk-lib', 'aws-cdk-lib/**', 'constructs', 'constructs/**', 'cdk-nag'],
  lambda: ['@aws-sdk/**', '@smithy/**', '@aws-lambda-powertools/**', '@middy/**', 'aws-lambda'],
};

const PURE = ['contract', 'message', 'ledger/rows'];
const LEDGER = [...PURE, 'aws', 'ledger'];
const SENDING = [...LEDGER, 'transaction'];
const RUN_TIME = [
  ...SENDING,
  'publish',
  'half',
  'order',
  'cancel',
  'effect',
  'circuit',
  'scale',
  'consume',
  'saga',
  'redrive',
  'relay',
  'inspect',
  'reconcile',
  'trace',
];

/** Inside Lambda: no CDK in a function bundle. */
const inLambda = /** @type {const} */ (['cdk']);
/** Read at deploy time and at run time alike. */
const pure = /** @type {const} */ (['cdk', 'lambda']);

/** @type {Readonly<Record<string, Room>>} */
export const ROOMS = {
  contract: {
    imports: [],
    without: pure,
    because: 'What a team declares is the root of the tree: it imports no other room.',
  },
  message: { imports: ['contract'], without: pure, because: 'A message knows its contract alone.' },
  'ledger/rows': {
    imports: ['contract', 'message'],
    without: pure,
    because: 'Rows are pure: keys, types and packing, for deploy time and run time alike.',
  },
  machine: {
    imports: PURE,
    without: pure,
    because: 'A saga becomes a state machine by its declaration alone, at deploy time and in tests alike.',
  },
  aws: { imports: ['contract'], without: inLambda, because: 'Calls to AWS know nothing of messages.' },
  ledger: { imports: [...PURE, 'aws'], without: inLambda, because: 'Reads and writes of rows know rows and AWS.' },
  transaction: { imports: LEDGER, without: inLambda, because: 'A transaction knows the ledger and what is below it.' },
  publish: { imports: SENDING, without: inLambda, because: 'A way of sending knows no other way of sending.' },
  half: { depth: 2, imports: SENDING, without: inLambda, because: 'A way of sending knows no other way of sending.' },
  order: {
    imports: SENDING,
    without: inLambda,
    because: 'An order knows the ledger, and commits its own rows.',
  },
  cancel: {
    imports: [...SENDING, 'order'],
    without: inLambda,
    because: 'A way of sending knows no other way of sending; what is cancelled passes the fence of its order.',
  },
  effect: { imports: LEDGER, without: inLambda, because: 'An effect outside knows the ledger and what is below it.' },
  circuit: { imports: LEDGER, without: inLambda, because: 'A circuit knows the ledger and what is below it.' },
  scale: {
    imports: [...LEDGER, 'circuit'],
    files: ['reconcile/radar-rows.ts'],
    without: inLambda,
    because: 'A scaler knows the ledger and what the radar counted, and asks the controller of circuits.',
  },
  consume: {
    imports: [...SENDING, 'effect', 'circuit', 'order'],
    without: inLambda,
    because: 'A consumer knows transactions, effects outside, circuits and what is below them.',
  },
  saga: {
    imports: [...SENDING, 'effect', 'consume'],
    without: inLambda,
    because: 'A step of a saga is a consumer whose messages are commands.',
  },
  relay: {
    imports: LEDGER,
    files: ['half/check-back-request.ts'],
    without: inLambda,
    because: 'The relay knows the ledger and what is below it.',
  },
  redrive: {
    imports: SENDING,
    without: inLambda,
    because: 'A redrive knows the ledger, and commits its own rows.',
  },
  inspect: { imports: LEDGER, without: inLambda, because: 'Evidence is what the ledger and AWS say.' },
  reconcile: {
    imports: [...SENDING, 'order', 'inspect'],
    files: ['half/check-back-request.ts'],
    without: inLambda,
    because: 'Reconciliation knows transactions, evidence and what is below them.',
  },
  trace: { imports: [...LEDGER, 'inspect'], without: inLambda, because: 'A trace knows the ledger and evidence.' },
  radar: {
    imports: [...LEDGER, 'inspect', 'reconcile', 'trace'],
    without: inLambda,
    because: 'The radar shows what reconciliation and traces tell.',
  },
  constructs: { depth: 2, imports: [...PURE, 'machine'], without: [], because: 'Deploy time never imports run time.' },
  testing: {
    depth: 4,
    imports: [...RUN_TIME, 'machine'],
    without: inLambda,
    because: 'Tests of handlers need the run time alone.',
  },
  simulator: {
    depth: 2,
    imports: [...RUN_TIME, 'testing'],
    without: inLambda,
    because: 'The simulator runs the run time, in memory.',
  },
  'simulator/checks': {
    imports: [...PURE, 'simulator'],
    without: inLambda,
    because: 'The checker reads what a run recorded, and is independent of what it checks.',
  },
  local: {
    depth: 2,
    imports: ['contract'],
    without: [],
    because: 'The embedded engine knows nothing of what runs on it.',
  },
  cli: {
    imports: [...RUN_TIME, 'radar', 'local'],
    without: ['cdk'],
    because: 'A command imports rooms of the run time, the radar and the embedded engine.',
  },
};

/** Folders beside `lib`: nothing in it imports them, nor the public doors. */
const OUTSIDE = ['functions', 'demo', 'examples', 'test', 'bench', 'bin', 'scripts'];

/** @param {string} room */
function isNested(room) {
  return room.includes('/');
}

/**
 * The patterns of all that the files of a room may not import, which lie so many levels below lib.
 *
 * @param {string} name
 * @param {Room} room
 * @param {number} level
 */
function refusedPatterns(name, { imports, files = [] }, level) {
  const lib = '../'.repeat(level);
  const refused = Object.keys(ROOMS).filter((other) => !isNested(other) && other !== name && !imports.includes(other));
  const open = [...imports.filter(isNested), ...(isNested(name) ? [name] : [])];
  // What is closed as a whole may have an open part.
  const parts = open.filter((part) => refused.some((other) => part.startsWith(`${other}/`)));
  return [
    ...refused.map((other) => `${lib}${other}/**`),
    ...(isNested(name) && !imports.includes(parentOf(name)) ? ['../*.ts'] : []),
    `${lib}public/**`,
    ...OUTSIDE.map((folder) => `${lib}../${folder}/**`),
    'waybill',
    'waybill/**',
    ...parts.map((part) => `!${lib}${part}/**`),
    ...files.map((file) => `!${lib}${file}`),
  ];
}

/** @param {string} room */
function parentOf(room) {
  return room.slice(0, room.indexOf('/'));
}

/** The linter's overrides that follow from the table. */
export function roomOverrides() {
  return Object.entries(ROOMS).flatMap(([name, room]) => {
    const inner = Object.keys(ROOMS).filter((other) => other.startsWith(`${name}/`));
    const libraries = room.without.flatMap((kind) => LIBRARIES[kind]);
    return Array.from({ length: room.depth ?? 1 }, (_, depth) => {
      const group = refusedPatterns(name, room, name.split('/').length + depth);
      const patterns = [{ group, message: `lib/${name}: ${room.because}` }];
      if (libraries.length > 0) {
        patterns.push({ group: libraries, message: `lib/${name} imports neither the CDK nor what it has no use for.` });
      }
      return {
        includes: [
          `${ROOM_PREFIX}${name}/${'*/'.repeat(depth)}*.ts`,
          ...inner.map((other) => `!${ROOM_PREFIX}${other}/**`),
        ],
        linter: { rules: { style: { noRestrictedImports: { level: 'error', options: { patterns } } } } },
      };
    });
  });
}

/** By which the overrides of rooms are told from the others of biome.json. */
export const ROOM_PREFIX = '**/lib/';

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = fileURLToPath(new URL('../../biome.json', import.meta.url));
  const settings = JSON.parse(readFileSync(file, 'utf8'));
  /** @param {{ includes: string[] }} override */
  const isOfRoom = ({ includes }) => includes[0]?.startsWith(ROOM_PREFIX);
  settings.overrides = [
    ...settings.overrides.filter((/** @type {{ includes: string[] }} */ override) => !isOfRoom(override)),
    ...roomOverrides(),
  ];
  writeFileSync(file, `${JSON.stringify(settings, undefined, 2)}\n`);
}
