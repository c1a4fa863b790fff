import type { HeaderReader } from './request-origin.ts';

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
