import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineProgram } from './engine-program.ts';
import { findJava } from './java.ts';
import { classPath, fetchLibraries } from './maven.ts';

const version = '2.6.1';

/** AWS's own DynamoDB for tests, from Maven Central. AWS's licence lets it be fetched, not passed on. */
export const DYNAMODB_LOCAL: EngineProgram = {
  name: 'dynamodb-local',
  title: 'DynamoDB Local',
  version,
  async prepare(place) {
    const java = await findJava(17, 'DynamoDB Local', place.environment);
    const libraries = await fetchLibraries(`com.amazonaws:DynamoDBLocal:${version}`, place);
    const file = join(place.runFolder, 'Loopback.java');
    writeFileSync(file, program);
    const settings = ['-inMemory', '-port', String(place.port), '-disableTelemetry'];
    return {
      program: java,
      parameters: [`-Djava.library.path=${libraries}`, '-cp', classPath(libraries), file, ...settings],
    };
  },
};

/** DynamoDB Local's own main program listens on every interface and cannot be told otherwise: this one takes its place. */
const program = `
import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

public class Loopback {
  public static void main(String[] settings) throws Exception {
    var local = ServerRunner.createServerFromCommandLineArgs(settings);
    var field = local.getClass().getDeclaredField("server");
    field.setAccessible(true);
    for (var connector : ((Server) field.get(local)).getConnectors()) {
      ((ServerConnector) connector).setHost("127.0.0.1");
    }
    local.start();
    local.join();
  }
}
`;
