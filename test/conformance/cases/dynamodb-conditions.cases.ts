import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Case } from '../case.ts';
import { refused, same } from '../expect.ts';
import { N, type Row, read, rowOf, S } from './row.ts';

const CITES = 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html';

const GIVEN = rowOf('a', {
  n: N(5),
  s: S('hello'),
  words: { SS: ['one', 'two'] },
  elems: { L: [N(1), { M: { deep: S('x') } }] },
  doc: { M: { n: N(7) } },
  yes: { BOOL: true },
  nothing: { NULL: true },
});

interface Operator {
  readonly name: string;
  /** Conditions that the row satisfies. */
  readonly satisfied: readonly string[];
  /** Conditions that it fails. */
  readonly failed: readonly string[];
}

const OPERATORS: readonly Operator[] = [
  { name: '=', satisfied: ['n = :five'], failed: ['n = :six', 's = :five', 'absent = :five'] },
  { name: '<>', satisfied: ['n <> :six', 's <> :five'], failed: ['n <> :five'] },
  { name: '<', satisfied: ['n < :six'], failed: ['n < :five', 'absent < :six', 's < :six'] },
  { name: '<=', satisfied: ['n <= :five'], failed: ['n <= :four'] },
  { name: '>', satisfied: ['n > :four'], failed: ['n > :five', 'absent > :four'] },
  { name: '>=', satisfied: ['n >= :five'], failed: ['n >= :six'] },
  {
    name: 'BETWEEN',
    satisfied: ['n BETWEEN :four AND :six', 'n BETWEEN :five AND :five'],
    failed: ['n BETWEEN :six AND :ten'],
  },
  { name: 'IN', satisfied: ['n IN (:four, :five)'], failed: ['n IN (:four, :six)'] },
  {
    name: 'attribute_exists',
    satisfied: ['attribute_exists(n)', 'attribute_exists(nothing)'],
    failed: ['attribute_exists(absent)'],
  },
  { name: 'attribute_not_exists', satisfied: ['attribute_not_exists(absent)'], failed: ['attribute_not_exists(n)'] },
  { name: 'attribute_type', satisfied: ['attribute_type(n, :N)'], failed: ['attribute_type(s, :N)'] },
  { name: 'begins_with', satisfied: ['begins_with(s, :hel)'], failed: ['begins_with(s, :lo)'] },
  {
    name: 'contains',
    satisfied: ['contains(s, :lo)', 'contains(words, :one)', 'contains(elems, :num)'],
    failed: ['contains(s, :one)', 'contains(words, :lo)'],
  },
  { name: 'size', satisfied: ['size(s) = :five', 'size(words) < :four'], failed: ['size(s) > :five'] },
  {
    name: 'AND before OR',
    satisfied: ['n = :five OR n = :six AND n = :four'],
    failed: ['(n = :five OR n = :six) AND n = :four'],
  },
  {
    name: 'NOT',
    satisfied: ['NOT n = :six', 'NOT (n = :six OR n = :four)'],
    failed: ['NOT n = :five', 'NOT attribute_exists(n)'],
  },
  {
    name: 'paths into maps and lists',
    satisfied: ['doc.n = :seven', 'elems[1].deep = :x', 'attribute_not_exists(doc.absent)'],
    failed: ['doc.n = :six', 'elems[0] = :x', 'elems[9] = :x'],
  },
  {
    name: 'numbers by value, not by text',
    satisfied: ['n = :fiveDotNought', 'n < :ten'],
    failed: ['n <> :fiveDotNought'],
  },
  { name: 'one attribute with another', satisfied: ['n < doc.n'], failed: ['n > doc.n', 'n = doc.n'] },
];

const VALUES: Row = {
  ':four': N(4),
  ':five': N(5),
  ':six': N(6),
  ':seven': N(7),
  ':ten': N(10),
  ':fiveDotNought': N('5.0'),
  ':num': N(1),
  ':N': S('N'),
  ':hel': S('hel'),
  ':lo': S('lo'),
  ':one': S('one'),
  ':x': S('x'),
};

/** One case an operator: conditions that hold, and conditions that fail and leave the row as it was. */
export const CONDITION_CASES: readonly Case[] = OPERATORS.map(({ name, satisfied, failed }) => ({
  name: `condition ${name}`,
  cites: CITES,
  needs: ['dynamodb'],
  async run(aws, scratch) {
    const TableName = await scratch.table();
    await aws.dynamodb.send(new PutItemCommand({ TableName, Item: GIVEN }));
    const put = (Item: Row, condition: string) => {
      const used = Object.entries(VALUES).filter(([value]) => new RegExp(`${value}\\b`).test(condition));
      return aws.dynamodb.send(
        new PutItemCommand({
          TableName,
          Item,
          ConditionExpression: condition,
          ...(used.length > 0 && { ExpressionAttributeValues: Object.fromEntries(used) }),
        }),
      );
    };
    for (const condition of failed) {
      await refused(put(rowOf('a', { overwritten: S(condition) }), condition), 'ConditionalCheckFailedException');
    }
    same(await read(aws, TableName, 'a'), GIVEN, 'the row after conditions that failed');
    for (const condition of satisfied) await put(GIVEN, condition);
  },
}));
