import type { DocumentedCode, Door, PublicName } from '../api/public-doors.ts';

/** The reference of a door: each name with its whole doc comment, and its declaration with those of its members. */
export function apiPage({ specifier, names }: Door): string {
  const values = names.filter(({ isValue }) => isValue);
  const types = names.filter(({ isValue }) => !isValue);
  return [
    `# API of \`${specifier}\``,
    `\`import { … } from '${specifier}'\` has ${values.length} values and ${types.length} types.`,
    '## Values',
    ...values.map(entryOf),
    '## Types',
    ...types.map(entryOf),
    '',
  ].join('\n\n');
}

function entryOf({ name, kind, documented }: PublicName): string {
  return [`### ${name}: ${kind}`, ...documented.map(({ comment, code }) => proseOf(comment, code))].join('\n\n');
}

function proseOf(comment: string, code: DocumentedCode['code']): string {
  const [text = '', ...tags] = comment.split(/^@(?=\w)/m);
  const lines = tags.map((tag) => {
    const [, name = '', said = ''] = /^(\w+)\s*([\s\S]*)$/.exec(tag.trim()) ?? [];
    return name === 'example' ? said : `- *${TAGS[name] ?? name}*: ${linked(said).replaceAll(/\s+/g, ' ')}`;
  });
  return [linked(text).trim(), lines.join('\n'), `\`\`\`ts\n${code}\n\`\`\``]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** `{@link Name}` is the name, in the font of code. */
function linked(text: string): string {
  return text.replaceAll(/\{@link (\S+?)\}/g, '`$1`');
}

const TAGS: Readonly<Record<string, string>> = { param: 'given', returns: 'returns', throws: 'throws' };
