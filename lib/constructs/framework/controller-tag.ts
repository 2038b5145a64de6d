/** The tag by which a controller may switch event sources, invoke functions and read queues: those of its subscribers. */
export const CONTROLLER_TAG = 'waybill:controller';
