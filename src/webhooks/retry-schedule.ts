/** Until the second try, the third and so on: some nine hours together. */
const waitsSeconds = [5, 30, 120, 600, 1_800, 7_200, 21_600];
/** How often one delivery is tried in all. */
export const mostAttempts = waitsSeconds.length + 1;
// So that what failed together does not come back together.
const jitter = 0.2;
const longestAskedSeconds = 3_600;

/**
 * How long to wait after attempt number `attempts` (from 1 on), seconds; null: it is given up.
 * `retryAfter`: what the receiver asked for in that header (RFC 9110, section 10.2.3); an hour of it is heeded.
 */
export function retryDelaySeconds(
  attempts: number,
  retryAfter: string | undefined,
  random: () => number = Math.random,
): number | null {
  const wait = waitsSeconds[attempts - 1];
  if (wait === undefined) return null;
  const jittered = wait * (1 - jitter + 2 * jitter * random());
  return Math.max(jittered, Math.min(askedSeconds(retryAfter), longestAskedSeconds));
}

function askedSeconds(retryAfter: string | undefined): number {
  if (retryAfter === undefined) return 0;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter);
  const until = (Date.parse(retryAfter) - Date.now()) / 1_000;
  return Number.isFinite(until) ? Math.max(0, until) : 0;
}
