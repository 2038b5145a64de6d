import { TemplateNotUnderstood } from './errors.ts';

/** The values to which a template's functions refer. */
export interface Scope {
  /** The value of `Ref` of a resource or a pseudo parameter; `undefined` for `AWS::NoValue`. */
  ref(name: string): Promise<unknown>;
  getAtt(logicalId: string, attribute: string): Promise<unknown>;
  importValue(name: string): Promise<unknown>;
  stackOutput(stack: string, output: string): Promise<unknown>;
}

type Parameters = readonly unknown[];

/**
 * The value that a template's value stands for: its functions carried out.
 *
 * @throws TemplateNotUnderstood when a function is not known
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
export async function resolved(value: unknown, scope: Scope): Promise<unknown> {
  if (Array.isArray(value)) {
    const items = await Promise.all(value.map((item) => resolved(item, scope)));
    return items.filter((item) => item !== undefined);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (first && entries.length === 1 && /^(?:Ref$|Fn::)/.test(first[0])) return carriedOut(first[0], first[1], scope);
  const properties = await Promise.all(
    entries.map(async ([name, inner]) => [name, await resolved(inner, scope)] as const),
  );
  return Object.fromEntries(properties.filter(([, inner]) => inner !== undefined));
}

async function carriedOut(name: string, given: unknown, scope: Scope): Promise<unknown> {
  switch (name) {
    case 'Ref':
      return scope.ref(String(given));
    case 'Fn::GetAtt': {
      const [logicalId = '', ...attribute] = typeof given === 'string' ? given.split('.') : (given as string[]);
      return scope.getAtt(logicalId, attribute.join('.'));
    }
    case 'Fn::Sub':
      return substituted(given, scope);
    case 'Fn::ImportValue':
      return scope.importValue(String(await resolved(given, scope)));
    case 'Fn::GetStackOutput': {
      const { StackName, OutputName } = (await resolved(given, scope)) as Record<string, string>;
      return scope.stackOutput(String(StackName), String(OutputName));
    }
    case 'Fn::Join': {
      const [delimiter, items] = (await resolved(given, scope)) as [string, Parameters];
      return items.map(String).join(delimiter);
    }
    case 'Fn::Split': {
      const [delimiter, text] = (await resolved(given, scope)) as [string, string];
      return text.split(delimiter);
    }
    case 'Fn::Select': {
      const [index, items] = (await resolved(given, scope)) as [number | string, Parameters];
      return items[Number(index)];
    }
    default:
      throw new TemplateNotUnderstood(`The template uses ${name}, which a hosted stack does not carry out`);
  }
}

async function substituted(given: unknown, scope: Scope): Promise<string> {
  const [text, variables] = (Array.isArray(given) ? given : [given, {}]) as [string, Record<string, unknown>];
  const parts = text.split(/\$\{([^}]+)\}/);
  const filled = parts.map(async (part, index) => {
    if (index % 2 === 0) return part;
    if (part.startsWith('!')) return `\${${part.slice(1)}}`;
    if (Object.hasOwn(variables, part)) return String(await resolved(variables[part], scope));
    const [logicalId = '', ...attribute] = part.split('.');
    return String(attribute.length > 0 ? await scope.getAtt(logicalId, attribute.join('.')) : await scope.ref(part));
  });
  return (await Promise.all(filled)).join('');
}
