import type { HeaderReader } from './request-origin.ts';

/** The token of a request: `Authorization: Bearer ...` (RFC 6750), else the query's `token`; undefined without one. */
export function tokenOf(headers: HeaderReader, queryToken: string | null | undefined): string | undefined {
  const bearer = /^Bearer +([0-9A-Za-z._~+/=-]{1,4096})$/i.exec((headers.get('authorization') ?? '').trim());
  return bearer?.[1] ?? (queryToken || undefined);
}
