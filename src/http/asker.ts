import type { Context, MiddlewareHandler } from 'hono';
import { type Asker, anyone } from '../accounts/asker.ts';
import type { HeaderReader } from './request-origin.ts';

/** Who knows people by what their requests carry. */
export interface Askers {
  /** @throws LivereelError `unauthorized` for a token or an API key that is no (longer) good. */
  of(headers: HeaderReader): Promise<Asker>;
}

/** A server without accounts: everybody is unknown. */
export const nobodyKnown: Askers = { of: async () => anyone };

const variable = 'asker';

/** Lets routes ask who asks; found out when the first of them does, once a request. */
export function rememberAsker(askers: Askers): MiddlewareHandler {
  return async (c, next) => {
    let asker: Promise<Asker> | undefined;
    c.set(variable, () => {
      asker ??= askers.of(c.req.raw.headers);
      return asker;
    });
    await next();
  };
}

/** On whose behalf a request asks. @throws LivereelError `unauthorized` for a token that is no (longer) good. */
export function askerOf(c: Context): Promise<Asker> {
  return (c.get(variable) as () => Promise<Asker>)();
}
