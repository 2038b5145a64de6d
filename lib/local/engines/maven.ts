import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { EngineUnavailable } from '../errors.ts';
import { type InstallPlace, installOnce, installStep } from './install-once.ts';

/**
 * Fetches a library with all that it needs, and answers with the folder that holds them.
 * @param coordinates `group:artifact:version`
 * @throws EngineUnavailable when there is no Maven
 * @throws EngineInstallFailed when Maven fails
 */
export async function fetchLibraries(coordinates: string, place: InstallPlace): Promise<string> {
  const { installFolder, environment } = place;
  const folder = join(installFolder, 'lib');
  await installOnce(coordinates, place, async () => {
    const { exitCode } = await runCommand('mvn', ['--version'], { environment, timeoutMs: 60_000 });
    if (exitCode !== 0) {
      throw new EngineUnavailable(
        `${coordinates} is fetched by Maven, and there is no mvn on the PATH: install it from https://maven.apache.org.`,
      );
    }
    rmSync(folder, { recursive: true, force: true });
    const project = join(installFolder, 'pom.xml');
    writeFileSync(project, projectOf(coordinates));
    const copy = ['-B', '-q', '-f', project, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
    await installStep(`${coordinates} could not be fetched`, 'mvn', copy, { environment, cwd: installFolder });
  });
  return folder;
}

/** The class path of all libraries in a folder. */
export function classPath(folder: string): string {
  return join(folder, '*');
}

function projectOf(coordinates: string): string {
  const [groupId, artifactId, version] = coordinates.split(':');
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>waybill</groupId><artifactId>engine</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version>
  </dependency></dependencies>
</project>
`;
}
