import { S_STEP_ACTIVE, S_STEP_ERROR, S_STEP_SUBMIT, unicodeOr } from '@clack/prompts';

/** Tells the person who waits what is going on. Everything goes to stderr, so that stdout stays the command's result. */
export interface Progress {
  /** Begins a step, or says what the current one has come to. */
  step(text: string): void;
  /** Says how far the current step is. Where lines stay, it says so every 5 s at most: each count would be a line. */
  count(text: string): void;
  /** Ends the current step well. */
  done(text?: string): void;
  /** Ends the current step badly. */
  fail(text?: string): void;
  /** Says something beside the steps. */
  note(text: string): void;
}

/** What progress is written to: `process.stderr`, or a test's stand-in. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const frames = [...unicodeOr('◒◐◓◑', '•oO0')];
const frameMs = 80;
const countsApartMs = 5_000;
const restartLine = '\r\x1b[2K';

/** A spinner on a terminal, plain lines otherwise. */
export function createProgress(stream: ProgressStream = process.stderr): Progress {
  return stream.isTTY ? spinningProgress(stream) : plainProgress(stream);
}

function plainProgress(stream: ProgressStream): Progress {
  let current: string | undefined;
  let counted = Number.NEGATIVE_INFINITY;
  const write = (text: string) => stream.write(`${text}\n`);
  const step = (text: string) => {
    if (text !== current) write(text);
    current = text;
  };
  return {
    step,
    count(text) {
      if (performance.now() - counted < countsApartMs) return;
      counted = performance.now();
      step(text);
    },
    done(text) {
      if (text !== undefined) write(text);
      current = undefined;
    },
    fail(text) {
      write(text ?? `failed: ${current ?? ''}`);
      current = undefined;
    },
    note: write,
  };
}

/**
 * clack's look without its spinner: that one puts the terminal into raw mode, turns Ctrl-C into an exit with code 0 and
 * swallows unhandled rejections, while ours has an engine to end.
 */
function spinningProgress(stream: ProgressStream): Progress {
  let current: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let frame = 0;
  const draw = () => {
    const line = `${frames[frame++ % frames.length]}  ${current}`;
    stream.write(`${restartLine}${line.slice(0, Math.max((stream.columns || 80) - 1, 10))}`);
  };
  const end = (symbol: string, text: string | undefined) => {
    clearInterval(timer);
    timer = undefined;
    const last = text ?? current;
    current = undefined;
    stream.write(last === undefined ? restartLine : `${restartLine}${symbol}  ${last}\n`);
  };
  const step = (text: string) => {
    current = text;
    // Unreferenced: a step that nobody ends does not keep the process alive.
    timer ??= setInterval(draw, frameMs).unref();
    draw();
  };
  return {
    step,
    count: step,
    done: (text) => end(S_STEP_SUBMIT, text),
    fail: (text) => end(S_STEP_ERROR, text),
    note(text) {
      stream.write(`${restartLine}${S_STEP_ACTIVE}  ${text}\n`);
      if (timer) draw();
    },
  };
}
