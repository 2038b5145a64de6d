import { styleText } from 'node:util';
import type { CommandContext } from './command-context.ts';

/** A text in a colour, where the result goes to a terminal, and nobody has said `NO_COLOR`. */
export function colourOf(
  { out, environment }: Pick<CommandContext, 'out' | 'environment'>,
  colour: Parameters<typeof styleText>[0],
  text: string,
): string {
  const isColoured = out.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  return isColoured ? styleText(colour, text, { validateStream: false }) : text;
}
