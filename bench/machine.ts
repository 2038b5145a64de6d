import { availableParallelism, cpus } from 'node:os';

/** What a figure was measured on: figures of different machines do not compare. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
}

export function thisMachine(): Machine {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
  };
}

export function describeMachine({ node, platform, cpu, cores }: Machine): string {
  return `Node ${node}, ${platform}, ${cores} cores (${cpu})`;
}
