/** Text for a stretch of time; seconds on the media timeline. */
export type Cue = {
  readonly start: number;
  readonly end: number;
  /** One line; blanks between its words. */
  readonly text: string;
};

// What broadcasters allow a line; players break longer ones wherever they like.
const lineCharacters = 42;
// Shorter is not seen.
const leastSeconds = 0.001;

/** The text in lines of at most 42 characters where its words allow that; two are made about equally long. */
export function linesOf(text: string): string[] {
  const words = text.split(/\s+/u).filter(Boolean);
  const length = words.join(' ').length;
  if (length === 0) return [];
  const width = Math.max(lineCharacters / 2, Math.ceil(length / Math.ceil(length / lineCharacters)));
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    const longer = line === '' ? word : `${line} ${word}`;
    // The last word of a line may reach over the middle, not over the edge.
    const isFull = line.length >= width || longer.length > lineCharacters;
    if (line !== '' && isFull) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** The time as `01:02:03` with milliseconds behind `separator`; hours may have more digits. */
export function clockTime(seconds: number, separator: '.' | ','): string {
  const millis = Math.max(0, Math.round(seconds * 1_000));
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const [hours, minutes] = [two(millis / 3_600_000), two((millis / 60_000) % 60)];
  return `${hours}:${minutes}:${two((millis / 1_000) % 60)}${separator}${String(millis % 1_000).padStart(3, '0')}`;
}

/** When the cue begins and ends; the end is behind the beginning, as players want it. */
export function cueTimes({ start, end }: Cue, separator: '.' | ','): string {
  const from = Math.max(0, start);
  const until = Math.max(end, from + leastSeconds);
  return `${clockTime(from, separator)} --> ${clockTime(until, separator)}`;
}
