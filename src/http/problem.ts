import { randomUUID } from 'node:crypto';
import { HTTPException } from 'hono/http-exception';
import type { ProblemAnswer } from '../api/problem.ts';
import { type ErrorCode, LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { statusOf, titleOf } from './error-status.ts';

/** Where the kinds of problems are described, on this server. */
export const problemDocsPath = '/docs/errors';

/** What hono itself refuses, in our words. */
const refusals: Readonly<Record<number, { code: ErrorCode; detail: string }>> = {
  400: {
    code: 'bad-request',
    detail: 'The body is not valid JSON. Send a JSON object; {} asks for the defaults.',
  },
  413: {
    code: 'payload-too-large',
    detail: 'The body is over 1 MiB. Media goes to the ingest URL of a session.',
  },
  415: {
    code: 'unsupported-media-type',
    detail: 'The body is not JSON by its type. Send it with "Content-Type: application/json".',
  },
};

/**
 * Makes any error an answer (RFC 9457). Errors that are ours to mend (status 500) are logged with a reference,
 * and only the reference is told: their messages may hold paths and what programs said.
 */
export function problemResponse(error: unknown, log: Log): Response {
  const known = knownError(error);
  const status = known === undefined ? 500 : statusOf[known.code];
  if (known !== undefined && status !== 500) return answer(known, status);
  const reference = randomUUID();
  log.error({ err: error, reference }, 'request failed');
  const code = known?.code ?? 'internal';
  const detail = `This is the server's fault, not yours. Try again; the server's log has it as ${reference}.`;
  return answer(new LivereelError(code, detail), status);
}

function knownError(error: unknown): LivereelError | undefined {
  if (error instanceof LivereelError) return error;
  const refusal = error instanceof HTTPException ? refusals[error.status] : undefined;
  return refusal === undefined
    ? undefined
    : new LivereelError(refusal.code, refusal.detail, { cause: error });
}

function answer({ code, message, facts }: LivereelError, status: number): Response {
  const problem: ProblemAnswer = {
    type: `${problemDocsPath}#${code}`,
    title: titleOf[code],
    status,
    detail: message,
    code,
    ...(facts.errors && { errors: [...facts.errors] }),
    ...(facts.offset !== undefined && { offset: facts.offset }),
    ...(facts.retryAfterSeconds !== undefined && { retryAfterSeconds: facts.retryAfterSeconds }),
  };
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  headers.set('x-content-type-options', 'nosniff');
  if (status === 401) headers.set('www-authenticate', 'Bearer realm="livereel"');
  if (facts.retryAfterSeconds !== undefined) {
    headers.set('retry-after', String(Math.max(1, Math.ceil(facts.retryAfterSeconds))));
  }
  return new Response(JSON.stringify(problem), { status, headers });
}
