import type { ServerResponse } from 'node:http';
import { Server } from '@tus/server';
import { type ErrorCode, LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { problemResponse } from './problem.ts';

/** A request as the protocol's server hands it over. */
export type TusRequest = {
  readonly headers: Headers;
  readonly runtime?:
    | { readonly node?: { readonly res?: ServerResponse | undefined } | undefined }
    | undefined;
};
/** An error of the protocol's server. */
export type TusFault = { readonly status_code?: number; readonly body?: string };

/** What an error of ours or of the protocol's is answered with: statuses stay the protocol's, which clients know. */
export async function tusRefusal(
  { runtime }: TusRequest,
  fault: Error | TusFault,
  log: Log,
): Promise<{ status_code: number; body: string }> {
  const answer = problemResponse(ourError(fault), log);
  for (const name of ['retry-after', 'www-authenticate']) {
    const value = answer.headers.get(name);
    if (value !== null) runtime?.node?.res?.setHeader(name, value);
  }
  const problem = (await answer.json()) as { status: number };
  // Clients know the protocol's own statuses.
  const status = fault instanceof LivereelError ? problem.status : ((fault as TusFault).status_code ?? 500);
  return { status_code: status, body: JSON.stringify({ ...problem, status }) };
}

/** The protocol's server, whose refusals are problems of RFC 9457. */
export class ProblemServer extends Server {
  /** Says of what type an answer is. */
  override write(...[context, headers, status, body]: Parameters<Server['write']>) {
    if (status >= 400) {
      headers.set('content-type', 'application/problem+json');
      headers.set('x-content-type-options', 'nosniff');
    }
    headers.set('cache-control', 'no-store');
    return super.write(context, headers, status, status >= 400 ? asProblem(status, body ?? '') : body);
  }
}

/** What the protocol's server refuses without asking anybody. */
function asProblem(status: number, body: string): string {
  if (body.startsWith('{')) return body;
  const detail = body.trim() || 'This is no request of tus 1.0.';
  return JSON.stringify({
    type: 'about:blank',
    title: 'The request cannot be read',
    status,
    detail,
    code: 'bad-request',
  });
}

const codes: Readonly<Record<number, ErrorCode>> = {
  404: 'upload-not-found',
  409: 'offset-mismatch',
  410: 'upload-not-found',
  413: 'upload-too-large',
};

function ourError(fault: Error | TusFault): unknown {
  const { status_code: status, body } = fault as TusFault;
  if (fault instanceof LivereelError || status === undefined || status >= 500) return fault;
  return new LivereelError(codes[status] ?? 'bad-request', body?.trim() || 'This is no request of tus 1.0.');
}
