import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineProgram } from '../../../lib/local/engines/engine-program.ts';
import { findJava } from '../../../lib/local/engines/java.ts';
import { classPath, fetchLibraries } from '../../../lib/local/engines/maven.ts';

const version = '1.7.1';

/** SQS by SoftwareMill, Apache-2.0, from Maven Central. */
export const ELASTICMQ: EngineProgram = {
  name: 'elasticmq',
  title: 'ElasticMQ',
  version,
  async prepare(place) {
    const java = await findJava(11, 'ElasticMQ', place.environment);
    const libraries = await fetchLibraries(`org.elasticmq:elasticmq-server_2.13:${version}`, place);
    const file = join(place.runFolder, 'elasticmq.conf');
    writeFileSync(file, configuration(place.port));
    return {
      program: java,
      parameters: [`-Dconfig.file=${file}`, '-cp', classPath(libraries), 'org.elasticmq.server.Main'],
    };
  },
};

function configuration(port: number): string {
  return `include classpath("application.conf")
node-address { protocol = http, host = "127.0.0.1", port = ${port}, context-path = "" }
rest-sqs { enabled = true, bind-port = ${port}, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats { enabled = false }
`;
}
