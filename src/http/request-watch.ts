import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Log } from '../log.ts';
import type { Metrics } from './metrics.ts';

/** Counts and logs each request, and forbids caches what no route allowed: answers hold tokens and live states. */
export function watchRequests(metrics: Metrics, log: Log): MiddlewareHandler {
  return async (c, next) => {
    const startedMillis = performance.now();
    await next();
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
    const durationSeconds = (performance.now() - startedMillis) / 1_000;
    const { method, path } = c.req;
    const { status } = c.res;
    const matched = routePath(c, -1);
    const isKnown = !matched.includes('*');
    // Neither the path nor an invented method becomes a label: a client must not choose how many there are.
    metrics.answered({
      method: isKnown ? method : 'any',
      route: isKnown ? matched : 'none',
      status,
      durationSeconds,
    });
    log.debug({ method, path, status, durationSeconds }, 'request answered');
  };
}
