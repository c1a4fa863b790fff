import type { OpenAPIHono } from '@hono/zod-openapi';
import { LivereelError } from '../errors.ts';

/**
 * What is wrong with a request that no route takes: the address (`not-found`), or only the method, then with the
 * methods that the address takes (RFC 9110, section 15.5.6, wants them in `Allow`).
 */
export function unknownRoute(
  app: OpenAPIHono,
  method: string,
  path: string,
): { error: LivereelError; allow: string[] } {
  const allow = methodsAt(app, path);
  if (allow.length === 0) {
    return {
      error: new LivereelError('not-found', 'There is nothing at this address. /docs lists the API.'),
      allow,
    };
  }
  const detail = `This address does not take ${method.slice(0, 20)}, only ${allow.join(', ')}.`;
  return { error: new LivereelError('method-not-allowed', detail), allow };
}

function methodsAt(app: OpenAPIHono, path: string): string[] {
  const methods = new Set<string>();
  for (const route of app.routes) {
    // Middleware stands there for all methods.
    if (route.method === 'ALL' || !patternOf(route.path).test(path)) continue;
    methods.add(route.method);
    if (route.method === 'GET') methods.add('HEAD');
  }
  return [...methods].sort();
}

function patternOf(route: string): RegExp {
  const parts = route
    .split('/')
    .map(part => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^$()|]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}$`);
}
