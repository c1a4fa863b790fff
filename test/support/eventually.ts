import { setTimeout as delay } from 'node:timers/promises';

/** How long to wait (30 s), how often to look (20 ms), and what to call it when it never comes. */
export type EventuallyOptions = {
  readonly timeoutSeconds?: number;
  readonly everyMillis?: number;
  readonly what?: string;
};

/**
 * Looks until the condition gives something true, and gives that; an error thrown by it counts as "not yet".
 * @throws Error that names what was awaited and the last error seen, when the time is over.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, null | undefined | false | 0 | ''>> {
  const { timeoutSeconds = 30, everyMillis = 20, what = condition.toString().slice(0, 120) } = options;
  const deadline = performance.now() + timeoutSeconds * 1_000;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, null | undefined | false | 0 | ''>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      const because = lastError instanceof Error ? ` (last error: ${lastError.message})` : '';
      throw new Error(`not within ${timeoutSeconds} s: ${what}${because}`, { cause: lastError });
    }
    await delay(everyMillis);
  }
}
