/** Media time as people read it: `0:07`, `12:30`, `1:02:03`; whole seconds, downwards. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const two = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** Media time as a screen reader says it: `1 minute 5 seconds`. */
export function spokenTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(whole / 3_600), 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}${n === 1 ? '' : 's'}`);
  return said.length === 0 ? '0 seconds' : said.join(' ');
}

/** How many are watching, as people say it: `1 person is watching`, `12 people are watching`. */
export function watching(count: number): string {
  return count === 1 ? '1 person is watching' : `${count} people are watching`;
}

/** A size in MB, with one decimal below 10: `0.4 MB`, `12 MB`. */
export function megabytes(sizeBytes: number): string {
  const size = sizeBytes / 1_000_000;
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} MB`;
}

/** A moment relative to `now` until it is a day old, then as a date. */
export function moment(at: Date, now: Date): string {
  const minutes = Math.floor((now.getTime() - at.getTime()) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return day(at);
}

/** A day as a date: `28 Nov 2026`. */
export function day(at: Date): string {
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}

/** A reason of the server as a sentence: some are the words of a tool, without a capital and a stop. */
export function sentence(reason: string): string {
  const words = reason.trim();
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`;
}
