import type { MiddlewareHandler } from 'hono';
import { LivereelError } from '../errors.ts';
import { tokenOf } from './bearer-token.ts';
import { type HeaderReader, type PublicAddress, publicUrlFor } from './request-origin.ts';

// Elsewhere nobody looks at it: a foreign page could just make one up.
const takesQueryToken = /^\/api\/v1\/(sessions|videos)\/[^/]/;
const readingMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Lets only our own pages, programs, and whoever holds a token change something. */
export function refuseForeignPages(publicAddress: () => PublicAddress): MiddlewareHandler {
  return async (c, next) => {
    const { headers } = c.req.raw;
    const queryToken = takesQueryToken.test(c.req.path) ? c.req.query('token') : undefined;
    const isAllowed = readingMethods.includes(c.req.method) || tokenOf(headers, queryToken) !== undefined;
    if (!isAllowed && isCrossSite(headers, publicUrlFor(headers, publicAddress()))) {
      const detail = 'A page of another site may not do this. Open a page of this server, or send a token.';
      throw new LivereelError('cross-site-request', detail);
    }
    await next();
  };
}

/**
 * Whether a page of another site made its reader's browser send this request. Such a page cannot read our answers
 * (we send no CORS headers), but on a machine where anyone may publish (`ACCESS=open`) it could blindly create
 * sessions until none is left. Browsers say it in `Sec-Fetch-Site` (W3C Fetch Metadata); without that, as over plain
 * HTTP in a local network, `Origin` is compared with the host. Programs send neither and are let through.
 */
export function isCrossSite(headers: HeaderReader, publicUrl: string): boolean {
  const site = headers.get('sec-fetch-site');
  if (site) return site === 'cross-site';
  const origin = headers.get('origin');
  if (!origin) return false;
  return origin.toLowerCase() !== new URL(publicUrl).origin;
}
