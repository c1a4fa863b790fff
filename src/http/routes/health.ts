import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { LivereelError } from '../../errors.ts';
import type { Metrics } from '../metrics.ts';
import { problems } from '../problem-schema.ts';

/** Whether ingest works now; `reason` says to a person what is missing. */
export type Readiness = { readonly ready: boolean; readonly reason?: string };

const tags = ['server'];

const health = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  tags,
  summary: 'The server runs',
  responses: {
    200: {
      description: 'It runs; whether it can take a session is asked at `/ready`.',
      content: {
        'application/json': {
          schema: z.object({ status: z.literal('healthy'), message: z.string() }),
          example: { status: 'healthy', message: 'livereel 0.1.0, up for 12 s' },
        },
      },
    },
  },
});

const ready = createRoute({
  method: 'get',
  path: '/ready',
  operationId: 'getReadiness',
  tags,
  summary: 'Ingest works',
  responses: {
    200: {
      description: 'Sessions are taken.',
      content: {
        'application/json': {
          schema: z.object({ status: z.literal('ready') }),
          example: { status: 'ready' },
        },
      },
    },
    ...problems('not-ready'),
  },
});

const metricsText = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  tags,
  summary: "The server's numbers for Prometheus",
  responses: {
    200: {
      description: 'Prometheus text format.',
      content: { 'text/plain': { schema: z.string(), example: 'livereel_sessions_active 3\n' } },
    },
  },
});

/** Declares `/health`, `/ready` and `/metrics` (docs/protocol.md, section 7). */
export function addHealthRoutes(
  app: OpenAPIHono,
  parts: { version: string; readiness: () => Readiness; metrics: Metrics },
): void {
  app.openapi(health, c => {
    const message = `livereel ${parts.version}, up for ${Math.floor(process.uptime())} s`;
    return c.json({ status: 'healthy' as const, message }, 200);
  });

  app.openapi(ready, c => {
    const { ready: isReady, reason } = parts.readiness();
    if (isReady) return c.json({ status: 'ready' as const }, 200);
    const detail = reason ?? 'The server is starting. Try again in a second.';
    throw new LivereelError('not-ready', detail, { retryAfterSeconds: 1 });
  });

  app.openapi(metricsText, async c => {
    return c.text(await parts.metrics.text(), 200, { 'content-type': parts.metrics.contentType });
  });
}
