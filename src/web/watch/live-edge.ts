/** Where a viewer of a live video is, in seconds. */
export type LivePosition = {
  /** Behind the newest picture that the server has. */
  readonly latencySeconds: number;
  /** How far behind is right: the playlist's PART-HOLD-BACK, more after stalls. */
  readonly targetSeconds: number;
  /** Loaded and not yet played. */
  readonly bufferedSeconds: number;
};

/** What to do about it: play at `rate`, or first jump to the target. */
export type LiveStep = { readonly rate: number; readonly jumps: boolean };

/** What of a live video a viewer finds, in seconds. */
export type LiveBeginning = {
  /** From the first picture to the newest. */
  readonly heldSeconds: number;
  readonly hasWholeSegment: boolean;
  readonly targetSeconds: number;
};

const fastestRate = 1.05;
// Below this nobody sees a difference, and the rate would flutter.
const toleranceSeconds = 0.15;
// Faster than the buffer fills ends in a stall.
const leastBufferSeconds = 0.35;
const jumpFactor = 3;

/**
 * Keeps a viewer at the live edge. hls.js would catch up only with more than a second in the buffer, which at
 * the edge of a low-latency stream there never is, so that each stall would stay in the delay for ever.
 * Speeds of up to 1.05 go unheard; what is further behind than three times the target is jumped over.
 */
export function stepToLive({ latencySeconds, targetSeconds, bufferedSeconds }: LivePosition): LiveStep {
  if (latencySeconds > Math.max(jumpFactor * targetSeconds, targetSeconds + 1))
    return { rate: 1, jumps: true };
  const behind = latencySeconds - targetSeconds;
  if (behind < toleranceSeconds || bufferedSeconds < leastBufferSeconds) return { rate: 1, jumps: false };
  // In steps of a hundredth, so that the rate is not set anew at every look.
  const rate = Math.min(fastestRate, 1 + Math.round(behind * 10) / 100);
  return { rate, jumps: false };
}

/**
 * Whether playing may begin. Who comes with the first pictures would begin closer to the edge than ever after, and
 * stand still at the first part that is late: a whole segment is enough, or twice the distance to be kept.
 */
export function canBegin({ heldSeconds, hasWholeSegment, targetSeconds }: LiveBeginning): boolean {
  return hasWholeSegment || heldSeconds >= 2 * targetSeconds;
}
