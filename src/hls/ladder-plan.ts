/** A rendition that is smaller than its source. */
export type Rung = {
  /** Pixels, as shown; even. */
  readonly width: number;
  readonly height: number;
  /** Of the short side: what people call it by. */
  readonly lines: number;
  /** Of the pictures, at the most over some seconds. */
  readonly bitsPerSecond: number;
};

/** What is known of the source. */
export type LadderSource = {
  readonly width: number;
  readonly height: number;
  readonly durationSeconds: number;
  /** Of all of it, on average. */
  readonly bitsPerSecond: number;
};

/** What pictures of so many lines need at 30 a second to look right on a phone (H.264, `veryfast`). */
const steps = [
  { lines: 1_440, bitsPerSecond: 7_000_000 },
  { lines: 1_080, bitsPerSecond: 4_000_000 },
  { lines: 720, bitsPerSecond: 2_200_000 },
  { lines: 480, bitsPerSecond: 1_100_000 },
  { lines: 360, bitsPerSecond: 650_000 },
] as const;
/** Shorter ones are loaded before a player has measured anything. */
const leastSeconds = 15;
/** A rung that saves less is switched to for nothing, and costs the same to make. */
const mostOfAbove = 0.6;
/** Fewer lines than this share of the source's, or the picture only gets worse. */
const mostLines = 0.75;
/** A line that is too thin for this is too thin for moving pictures. */
const leastWorthBitsPerSecond = 600_000;

/**
 * Which smaller renditions are worth making, the largest first; none when all who watch could as well load the
 * source (docs/decisions/0019-ladder.md).
 */
export function planLadder(source: LadderSource): Rung[] {
  const { width, height, durationSeconds } = source;
  const short = Math.min(width, height);
  if (durationSeconds < leastSeconds || short === 0) return [];
  const rungs: Rung[] = [];
  let above = { lines: short, bitsPerSecond: source.bitsPerSecond };
  for (const step of steps) {
    const pays =
      step.bitsPerSecond <= mostOfAbove * above.bitsPerSecond && step.lines <= mostLines * above.lines;
    if (!pays || above.bitsPerSecond < leastWorthBitsPerSecond) continue;
    const scale = step.lines / short;
    const even = (side: number) => Math.max(2, Math.round((side * scale) / 2) * 2);
    rungs.push({ ...step, width: even(width), height: even(height) });
    above = step;
  }
  return rungs;
}
