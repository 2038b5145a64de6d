/** What a stack calls an output: CloudFormation takes letters and digits only. */
export function outputName(name: string): string {
  return name.replaceAll(/[^a-z0-9]/gi, '');
}
