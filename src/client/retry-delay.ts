const firstMillis = 250;
const longestMillis = 5_000;

/**
 * How long to wait before try `attempt` (from 0): doubling from 0.25 s to 5 s, each between half and the whole
 * of it at random, so that all publishers of a server that comes back do not come back at once.
 */
export function retryDelayMillis(attempt: number, random: () => number = Math.random): number {
  const whole = Math.min(longestMillis, firstMillis * 2 ** Math.min(attempt, 10));
  return whole / 2 + (whole / 2) * random();
}
