/** @throws RangeError when it is no whole number from 1 */
export function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new RangeError(`--${option} is '${text}': give a whole number from 1`);
  return number;
}
