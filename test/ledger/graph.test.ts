import { expect, test } from 'vitest';
import { Graph } from '../../lib/ledger/graph.ts';
import type { Route } from '../../lib/ledger/rows/route.ts';

const route = (type: string, subscriber: string, businessLine: string, deadline: number) =>
  ({ type, subscriber, businessLine, deadline }) as Route;

test('a graph names each subscriber and business line once, in the order of the alphabet', () => {
  const graph = new Graph([
    route('order.placed', 'ship', 'orders', 3),
    route('parcel.sent', 'bill', 'logistics', 9),
    route('order.placed', 'bill', 'orders', 5),
    route('order.changed', 'ship', 'accounts', 4),
  ]);
  expect(graph.subscribers).toEqual(['bill', 'ship']);
  expect(graph.businessLines).toEqual(['accounts', 'logistics', 'orders']);
  expect([graph.shortestDeadline, graph.longestDeadline]).toEqual([3, 9]);
});

test('a graph of no routes has no deadlines to wait for', () => {
  const graph = new Graph([]);
  expect([graph.subscribers, graph.businessLines]).toEqual([[], []]);
  expect([graph.shortestDeadline, graph.longestDeadline]).toEqual([0, 0]);
});
