import { source } from '../proved-shop.ts';
import { drop, type Mutant, override } from './mutant.ts';

const DAY = 86_400;

export const streams: Mutant[] = [
  {
    rule: 'starting-position',
    name: 'LATEST on a channel',
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'StartingPosition', 'LATEST'),
  },
  {
    rule: 'starting-position',
    name: 'LATEST at the relay',
    mutate: ({ ledger }) => override(source.ofRelay(ledger), 'StartingPosition', 'LATEST'),
  },
  {
    rule: 'starting-position',
    name: 'a time',
    mutate: ({ countHandler }) => {
      override(source.ofStream(countHandler), 'StartingPosition', 'AT_TIMESTAMP');
      override(source.ofStream(countHandler), 'StartingPositionTimestamp', 1_800_000_000);
    },
  },
  {
    rule: 'stream-retries',
    name: 'endless on a channel',
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'MaximumRetryAttempts', -1),
  },
  {
    rule: 'stream-retries',
    name: 'left to their default at the relay',
    mutate: ({ ledger }) => drop(source.ofRelay(ledger), 'MaximumRetryAttempts'),
  },
  {
    rule: 'failure-destination',
    name: 'none on a channel',
    mutate: ({ countHandler }) => drop(source.ofStream(countHandler), 'DestinationConfig'),
  },
  {
    rule: 'failure-destination',
    name: 'none at the relay',
    mutate: ({ ledger }) => drop(source.ofRelay(ledger), 'DestinationConfig.OnFailure'),
  },
  {
    rule: 'stream-retention',
    name: 'records that are never given up',
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'MaximumRecordAgeInSeconds', -1),
  },
  {
    rule: 'stream-retention',
    name: 'records that are given up when the stream has dropped them',
    mutate: ({ countHandler }) => override(source.ofStream(countHandler), 'MaximumRecordAgeInSeconds', 3 * DAY),
  },
  {
    rule: 'stream-retention',
    name: "a day at the relay, which is all that the ledger's stream keeps",
    mutate: ({ ledger }) => override(source.ofRelay(ledger), 'MaximumRecordAgeInSeconds', DAY),
  },
];
