// Loaded when first used. Named one by one, so that a bundle holds these and none of the client's other commands.
export { DescribeStreamSummaryCommand, UpdateShardCountCommand } from '@aws-sdk/client-kinesis';
