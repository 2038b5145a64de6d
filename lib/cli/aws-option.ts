import { type Command, InvalidArgumentError, Option } from 'commander';

/** Adds the options by which a command finds the real AWS. */
export function addAwsOptions(command: Command): Command {
  return command
    .option('--aws', 'use the real AWS, with the credentials and the region of this shell')
    .addOption(
      new Option('--region <region>', 'use the real AWS in this region').argParser(regionOf).implies({ aws: true }),
    )
    .addOption(new Option('--profile <name>', 'use the real AWS with this profile').implies({ aws: true }));
}

function regionOf(text: string): string {
  if (/^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(text)) return text;
  throw new InvalidArgumentError('It is the name of a region, such as eu-central-1.');
}
