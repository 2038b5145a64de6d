import { publish } from 'waybill/runtime';
import { OrderPlaced } from '../contract.ts';
import { VERSION } from './version.ts';

export const handler = async (request: { readonly rawPath?: string }): Promise<object> => {
  const orderId = request.rawPath?.slice(1);
  const { id } = orderId ? await publish(OrderPlaced, { orderId }) : { id: undefined };
  return { statusCode: 200, body: JSON.stringify({ version: VERSION, id }) };
};
