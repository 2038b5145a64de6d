import { runCommand } from '../command.ts';
import { engineVersion } from '../install.ts';

/** The embedded engine's own image, https://hub.docker.com/r/ministackorg/ministack, in the same version. */
export const engineImage = `ministackorg/ministack:${engineVersion}`;

/** Whether a Docker engine answers. */
export async function dockerAnswers(environment: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const info = ['info', '--format', '{{.ServerVersion}}'];
  const { exitCode } = await runCommand('docker', info, { environment, timeoutMs: 10_000 });
  return exitCode === 0;
}

export interface ContainerOptions {
  readonly name: string;
  readonly port: number;
  /** The engine's own settings. */
  readonly settings: Readonly<Record<string, string>>;
  /** A folder of this machine for the engine's saved state. */
  readonly persist?: string;
  /** The program that Python runs in the container. */
  readonly program: string;
}

/** The parameters of the `docker` command that runs the engine in a container, reachable through the loopback only. */
export function containerParameters(options: ContainerOptions): string[] {
  const stateFolder = '/var/lib/waybill';
  const settings: Record<string, string> = {
    ...options.settings,
    // Inside the container every interface; it is the published port that is bound to the loopback.
    BIND_HOST: '0.0.0.0',
    ...(options.persist && { STATE_DIR: stateFolder, S3_DATA_DIR: `${stateFolder}/s3` }),
  };
  return [
    ...['run', '--rm', '--interactive', '--name', options.name],
    ...['--publish', `127.0.0.1:${options.port}:${options.port}`],
    ...(options.persist ? ['--volume', `${options.persist}:${stateFolder}`] : []),
    ...Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...['--entrypoint', 'python', engineImage, '-c', options.program],
  ];
}

/** Ends a container by name, if it still runs. */
export async function killContainer(name: string): Promise<void> {
  await runCommand('docker', ['kill', name], { timeoutMs: 20_000 });
}
