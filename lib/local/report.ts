/** Takes one line that says what is being done, for the person who waits. */
export type Report = (line: string) => void;
