import { unicodeOr } from '@clack/prompts';

/** A text on one line of a terminal. Keys and errors come from messages: what would steer the terminal or cut the line is shown as a mark. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, unicodeOr('\u{fffd}', '?'));
}
