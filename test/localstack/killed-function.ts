import { type ChildProcess, fork } from 'node:child_process';
import { ENVIRONMENT, type Environment } from 'waybill/runtime';
import type { LambdaHandler } from 'waybill/testing';
import type { Answer, Death, Order } from './order-invocation.ts';

interface Invocation {
  readonly event: object;
  readonly context: { readonly [ENVIRONMENT]: Environment; getRemainingTimeInMillis(): number };
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The first two invocations end in the midst of it, and each third of the others, while there are deaths left. */
const MOST_KILLS = 6;

/** A function in a process of its own, which is killed in the midst of invocations and made anew. */
export class KilledFunction {
  /** How often it was. */
  kills = 0;
  isRefused = true;
  readonly #program: string;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #process: ChildProcess | undefined;
  #turn = 0;

  /** @param program which runs the handler of the name, see `order-worker.ts` */
  constructor(program: string, name: string) {
    this.#program = program;
    this.#name = name;
  }

  readonly handler: LambdaHandler = (event: object, context: Invocation['context']) => {
    const turn = this.#turn++;
    const isKilled = this.kills < MOST_KILLS && (turn < 2 || turn % 3 === 0);
    const death: Death | undefined = isKilled ? (this.kills % 2 === 0 ? 'before' : 'after') : undefined;
    const remaining = context.getRemainingTimeInMillis();
    const order: Order = { turn, event, remaining, death, isRefused: this.isRefused };
    return new Promise((resolve, reject) => {
      this.#waiting.set(turn, { resolve, reject });
      this.#process ??= this.#start(context[ENVIRONMENT].variables);
      // Where it is dead already, its exit tells.
      this.#process.send(order, () => undefined);
    });
  };

  stop(): void {
    this.#process?.kill('SIGKILL');
  }

  #start(variables: Environment['variables']): ChildProcess {
    const env = { ...process.env, ...variables, AWS_LAMBDA_FUNCTION_NAME: this.#name };
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
    const child = fork(this.#program, [this.#name], { env, execArgv: ['--enable-source-maps'], stdio: [...stdio] });
    child.on('message', ({ turn, answer, error }: Answer) => {
      const waiting = this.#waiting.get(turn);
      this.#waiting.delete(turn);
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(error));
    });
    child.once('exit', (_code, signal) => {
      if (this.#process === child) this.#process = undefined;
      if (signal === 'SIGKILL') this.kills++;
      // All invocations of the process have ended with it.
      for (const { reject } of this.#waiting.values()) reject(new Error(`${this.#name} was killed`));
      this.#waiting.clear();
    });
    return child;
  }
}
