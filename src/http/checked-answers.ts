import { isDeepStrictEqual } from 'node:util';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { ZodType } from 'zod';

type Declared = {
  readonly method: string;
  readonly path: RegExp;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, DeclaredMedia>> }>
  >;
};
type DeclaredMedia = { readonly schema?: unknown; readonly examples?: Readonly<Record<string, unknown>> };

/** What any route may answer without saying so: refused before it was reached, or nobody's fault but ours. */
const general = [
  ...['bad-request', 'cross-site-request', 'payload-too-large', 'unsupported-media-type'],
  ...['method-not-allowed', 'internal', 'database-unavailable', 'unauthorized'],
];

/**
 * Holds every answer against what its route declares: status, type, fields (none too many either), and the codes of
 * its refusals. One that does not fit becomes a 500 with the reason in the log. For tests: it costs a second reading.
 */
export function checkAnswers(app: OpenAPIHono): MiddlewareHandler {
  let routes: readonly Declared[] | undefined;
  return async (c, next) => {
    await next();
    routes ??= declaredRoutes(app);
    const { method, path } = c.req;
    const route = routes.find(each => each.method === method && each.path.test(path));
    const wrong = route && (await whatIsWrong(route, c.res.clone()));
    if (wrong) throw new Error(`${method} ${path} answers what it does not declare: ${wrong}`);
  };
}

function declaredRoutes(app: OpenAPIHono): Declared[] {
  const found = app.openAPIRegistry.definitions.flatMap(definition => {
    if (definition.type !== 'route') return [];
    const { method, path, responses } = definition.route;
    const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
    return [{ method: method.toUpperCase(), path: pattern, responses: responses as Declared['responses'] }];
  });
  // Words before places: "/logins/current" is no id.
  return found.sort(
    (one, other) => one.path.source.split('[^').length - other.path.source.split('[^').length,
  );
}

async function whatIsWrong(route: Declared, answer: Response): Promise<string | undefined> {
  const type = (answer.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
  const isProblem = type === 'application/problem+json';
  const body: unknown = type.endsWith('json') ? await answer.json() : undefined;
  const code = isProblem ? String((body as { code?: unknown }).code) : '';
  if (general.includes(code) || answer.status === 304 || answer.status === 500) return undefined;
  const declared = route.responses[answer.status];
  if (declared === undefined) return `status ${answer.status} ${code}`;
  if (declared.content === undefined) return type === '' ? undefined : `a body of type ${type}`;
  const media = declared.content[type];
  if (media === undefined) return `the type "${type}"`;
  if (isProblem && !(code in (media.examples ?? {}))) return `the code ${code}`;
  if (body === undefined || !isSchema(media.schema)) return undefined;
  const read = media.schema.safeParse(body);
  if (!read.success) return read.error.message;
  return isDeepStrictEqual(read.data, body) ? undefined : 'fields that its schema does not have';
}

function isSchema(schema: unknown): schema is ZodType {
  return typeof (schema as ZodType | undefined)?.safeParse === 'function';
}
