import type {
  LambdaClient,
  ListEventSourceMappingsCommandInput,
  UpdateEventSourceMappingCommandInput,
} from '@aws-sdk/client-lambda';
import type { Sender } from '../../aws/environment.ts';
import { createController } from '../../circuit/controller.ts';
import type { LambdaEngine } from '../../testing/engines/index.ts';
import type { SdkCommand } from '../../testing/engines/wire.ts';
import type { LambdaHandler } from '../../testing/lambda/index.ts';
import { carrierNow } from '../../testing/service.ts';
import type { World } from './world.ts';

/** Loads the controller of circuits, whose requests to Lambda go by its process, and may go astray. */
export function loadController(world: World, engine: LambdaEngine): () => LambdaHandler {
  const lambda = controlled(world, engine);
  return () => createController({ lambda: () => lambda }) as LambdaHandler;
}

function controlled({ record }: World, engine: LambdaEngine): Sender<LambdaClient> {
  const direct = engine.client();
  const send = async (command: SdkCommand): Promise<object> => {
    const { input } = command;
    const operation = command.constructor.name.replace(/Command$/, '');
    const { wire } = carrierNow();
    const ask = (apply: () => object) => wire({ operation, input }, apply);
    switch (operation) {
      case 'ListEventSourceMappings':
        return ask(() => engine.list(input as ListEventSourceMappingsCommandInput));
      case 'UpdateEventSourceMapping':
        return ask(() => {
          const { UUID = '', Enabled } = input as UpdateEventSourceMappingCommandInput;
          const reply = engine.update(input as UpdateEventSourceMappingCommandInput);
          // What is scaled alone is neither switched on nor off.
          if (Enabled !== undefined) record.add({ kind: 'switched', source: UUID, isOn: Enabled });
          return reply;
        });
      default:
        // Nothing comes of an invocation before it has arrived.
        await ask(() => ({}));
        return direct.send(command as never);
    }
  };
  return { send } as Sender<LambdaClient>;
}
