import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HANDLER_METADATA, type HandlerMetadata } from '../../contract/handler-metadata.ts';
import { type QueryPlace, query } from '../engine-query.ts';

/** A function whose code can be exchanged: where its code lies, and as which function it was deployed. */
export interface DeployedHandler extends HandlerMetadata {
  /** The function's name at the engine. */
  readonly functionName: string;
  /** The file of the code that it was deployed with; absent where the template does not say. */
  readonly deployed?: string;
}

interface Template {
  readonly Resources?: Readonly<Record<string, { readonly Type: string; readonly Metadata?: Record<string, unknown> }>>;
}

interface Manifest {
  readonly artifacts?: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly displayName?: string;
        readonly properties?: { readonly templateFile?: string; readonly stackName?: string };
      }
    >
  >;
}

/** The handlers of a cloud assembly that was synthesized with `HANDLER_METADATA`, as they were deployed. */
export async function deployedHandlers(assembly: string, place: QueryPlace): Promise<DeployedHandler[]> {
  const handlers: DeployedHandler[] = [];
  for (const { stackName, template, folder } of stacksIn(assembly)) {
    const found = Object.entries(template.Resources ?? {}).flatMap(([logicalId, { Metadata }]) => {
      const metadata = Metadata?.[HANDLER_METADATA] as HandlerMetadata | undefined;
      const asset = Metadata?.['aws:asset:path'];
      const deployed = metadata && typeof asset === 'string' ? join(folder, asset, metadata.file) : undefined;
      return metadata ? [{ logicalId, ...metadata, ...(deployed && { deployed }) }] : [];
    });
    if (found.length === 0) continue;
    const names = await physicalNames(stackName, place);
    for (const { logicalId, ...metadata } of found) {
      const functionName = names.get(logicalId);
      if (functionName !== undefined) handlers.push({ functionName, ...metadata });
    }
  }
  return handlers;
}

/** The stacks of an assembly and of the stages in it. */
function* stacksIn(
  assembly: string,
): Iterable<{ readonly stackName: string; readonly template: Template; readonly folder: string }> {
  const manifest: Manifest = JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8'));
  for (const [id, { type, properties = {} }] of Object.entries(manifest.artifacts ?? {})) {
    if (type !== 'aws:cloudformation:stack' || properties.templateFile === undefined) continue;
    const template: Template = JSON.parse(readFileSync(join(assembly, properties.templateFile), 'utf8'));
    yield { stackName: properties.stackName ?? id, template, folder: assembly };
  }
  for (const { name } of readdirSync(assembly, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    if (existsSync(join(assembly, name, 'manifest.json'))) yield* stacksIn(join(assembly, name));
  }
}

async function physicalNames(stackName: string, place: QueryPlace): Promise<ReadonlyMap<string, string>> {
  const answer = await query(place, 'cloudformation', {
    ...{ Action: 'DescribeStackResources', Version: '2010-05-15', StackName: stackName },
  });
  const members = answer.split('<member>').slice(1);
  return new Map(
    members.map((member) => [
      /<LogicalResourceId>([^<]*)</.exec(member)?.[1] ?? '',
      /<PhysicalResourceId>([^<]*)</.exec(member)?.[1] ?? '',
    ]),
  );
}
