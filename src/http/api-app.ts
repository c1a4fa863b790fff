import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { routePath } from 'hono/route';
import type { ZodError } from 'zod';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { apiDocument } from './api-document.ts';
import { tokenOf } from './bearer-token.ts';
import { isCrossSite } from './cross-site.ts';
import type { Metrics } from './metrics.ts';
import { problemResponse } from './problem.ts';
import { type PublicAddress, publicUrlFor } from './request-origin.ts';
import { addDocsRoutes } from './routes/docs.ts';
import { addHealthRoutes, type Readiness } from './routes/health.ts';
import { addSessionRoutes, type SessionDoor } from './routes/sessions.ts';
import { addVideoRoutes, type VideoShelf } from './routes/videos.ts';
import { unknownRoute } from './unknown-route.ts';

/** Largest body of an API request. */
const maxBodyBytes = 1024 * 1024;

const readingMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** What the API is built from. */
export type ApiParts = {
  readonly sessions: SessionDoor;
  readonly videos: VideoShelf;
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
  /** Asked at each request: with `PORT=0` the address is known only after the start. */
  readonly publicAddress: () => PublicAddress;
  /** livereel's own, e.g. `0.1.0`. */
  readonly version: string;
  readonly log: Log;
};

/**
 * The control plane: `/api`, `/openapi.json`, `/docs`, `/health`, `/ready`, `/metrics` (docs/protocol.md).
 * Every refusal is a problem of RFC 9457; nothing that a client sends makes a 500.
 */
export function createApiApp(parts: ApiParts): OpenAPIHono {
  const { log, metrics, publicAddress } = parts;
  const app = new OpenAPIHono({
    defaultHook: result => {
      if (!result.success) throw wrongRequest(result.target, result.error);
    },
  });
  app.onError(error => problemResponse(error, log));
  app.notFound(c => {
    const { error, allow } = unknownRoute(app, c.req.method, c.req.path);
    const response = problemResponse(error, log);
    if (allow.length > 0) response.headers.set('allow', allow.join(', '));
    return response;
  });
  app.use(watch(metrics, log));
  app.use(refuseForeignPages(publicAddress));
  app.use(bodyLimit({ maxSize: maxBodyBytes, onError: bodyTooLarge }));

  addSessionRoutes(app, parts.sessions, publicAddress);
  addVideoRoutes(app, parts.videos, parts.sessions, publicAddress);
  addHealthRoutes(app, parts);
  addDocsRoutes(app);
  const document = apiDocument(app, parts.version);
  app.get('/openapi.json', c => c.json(document));
  return app;
}

/** Counts and logs each request, and forbids caches what no route allowed: answers hold tokens and live states. */
function watch(metrics: Metrics, log: Log) {
  return async (c: Context, next: () => Promise<void>) => {
    const startedMillis = performance.now();
    await next();
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
    const durationSeconds = (performance.now() - startedMillis) / 1_000;
    const matched = routePath(c, -1);
    const route = matched.includes('*') ? 'none' : matched;
    const method = readingMethods.includes(c.req.method) || route !== 'none' ? c.req.method : 'other';
    metrics.answered({ method, route, status: c.res.status, durationSeconds });
    log.debug(
      { method: c.req.method, path: c.req.path, status: c.res.status, durationSeconds },
      'request answered',
    );
  };
}

function refuseForeignPages(publicAddress: () => PublicAddress) {
  return async (c: Context, next: () => Promise<void>) => {
    const { headers } = c.req.raw;
    const isHarmless =
      readingMethods.includes(c.req.method) || tokenOf(headers, c.req.query('token')) !== undefined;
    if (!isHarmless && isCrossSite(headers, publicUrlFor(headers, publicAddress()))) {
      const detail = 'A page of another site may not do this. Open a page of this server, or send a token.';
      throw new LivereelError('cross-site-request', detail);
    }
    await next();
  };
}

function bodyTooLarge(): never {
  throw new LivereelError(
    'payload-too-large',
    'The body is over 1 MiB. Media goes to the ingest URL of a session.',
  );
}

function wrongRequest(target: string, error: ZodError): LivereelError {
  if (target === 'param')
    return new LivereelError('not-found', 'There is no such id: ids are 12 letters and digits.');
  const errors = error.issues.flatMap(issue => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }];
    return issue.keys.map(key => ({ path: [...path, key].join('.'), message: 'is not known here' }));
  });
  const place = target === 'query' ? 'query' : 'body';
  const first = errors[0] ? `: ${[errors[0].path, errors[0].message].filter(Boolean).join(': ')}` : '';
  return new LivereelError('validation-failed', `The ${place} holds a wrong value${first}.`, { errors });
}
