import { type EventInput, InvalidPayload } from 'waybill';
import { publish, type TransactOptions } from 'waybill/runtime';
import { OrderPlaced } from '../contract.ts';

interface Answer {
  readonly statusCode: number;
  readonly body: string;
}

/** Takes an order as the body of a request: once this answers 202, it takes effect at every subscriber. */
export async function placeOrder(body: string, options: TransactOptions = {}): Promise<Answer> {
  try {
    const order = JSON.parse(body) as EventInput<typeof OrderPlaced>;
    const { id } = await publish(OrderPlaced, order, options);
    return { statusCode: 202, body: JSON.stringify({ message: id }) };
  } catch (error) {
    if (!(error instanceof InvalidPayload || error instanceof SyntaxError)) throw error;
    return { statusCode: 400, body: JSON.stringify({ error: error.message }) };
  }
}

interface Request {
  readonly body?: string;
  /** A function URL encodes what it does not know for text, such as the form that `curl -d` says it sends. */
  readonly isBase64Encoded?: boolean;
}

export const handler = ({ body = '', isBase64Encoded = false }: Request): Promise<Answer> =>
  placeOrder(isBase64Encoded ? Buffer.from(body, 'base64').toString() : body);
