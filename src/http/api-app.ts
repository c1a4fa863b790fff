import { OpenAPIHono } from '@hono/zod-openapi';
import type { HonoRequest } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { LivereelError } from '../errors.ts';
import { apiDocument } from './api-document.ts';
import { type ApiParts, addApiRoutes } from './api-routes.ts';
import { rememberAsker } from './asker.ts';
import { checkAnswers } from './checked-answers.ts';
import { refuseForeignPages } from './foreign-pages.ts';
import { problemResponse } from './problem.ts';
import { watchRequests } from './request-watch.ts';
import { plainUploadPath } from './routes/uploads.ts';
import { unknownRoute } from './unknown-route.ts';
import { wrongValue } from './wrong-value.ts';

/** Largest body of an API request. */
const maxBodyBytes = 1024 * 1024;

/**
 * The control plane: `/api`, `/openapi.json`, `/docs`, `/health`, `/ready`, `/metrics` (docs/protocol.md).
 * Every refusal is a problem of RFC 9457; nothing that a client sends makes a 500.
 */
export function createApiApp(parts: ApiParts): OpenAPIHono {
  const { log } = parts;
  const app = new OpenAPIHono({
    defaultHook: result => {
      if (!result.success) throw wrongValue(result.target, result.error);
    },
  });
  app.onError(error => problemResponse(error, log));
  app.notFound(c => {
    const { error, allow } = unknownRoute(app, c.req.method, c.req.path);
    const response = problemResponse(error, log);
    if (allow.length > 0) response.headers.set('allow', allow.join(', '));
    return response;
  });
  app.use(watchRequests(parts.metrics, log));
  if (parts.checksAnswers) app.use(checkAnswers(app));
  app.use(refuseForeignPages(parts.publicAddress));
  app.use(rememberAsker(parts.askers));
  const limited = bodyLimit({ maxSize: maxBodyBytes, onError: bodyTooLarge });
  app.use((c, next) => (isBounded(c.req) ? limited(c, next) : next()));
  addApiRoutes(app, parts);
  const document = apiDocument(app, parts.version);
  app.get('/openapi.json', c => c.json(document));
  return app;
}

/** Reads have no body, and to look for one makes a whole `Request` of each; files are bounded where they are taken. */
function isBounded({ method, path }: HonoRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && path !== plainUploadPath;
}

function bodyTooLarge(): never {
  throw new LivereelError(
    'payload-too-large',
    'The body is over 1 MiB. Media goes to the ingest URL of a session.',
  );
}
