import type { OpenAPIHono } from '@hono/zod-openapi';
import { declareDataPlane } from './data-contract.ts';
import { standardSchemas } from './standard-schemas.ts';
import { declareUploads } from './uploads-contract.ts';
import { declareWebRtc } from './webrtc-contract.ts';

/**
 * The contract as OpenAPI 3.1, made of the declared routes; the same for every request, so it is made once.
 * `version`: livereel's own.
 */
export function apiDocument(app: OpenAPIHono, version: string) {
  app.openAPIRegistry.registerComponent('securitySchemes', 'ingestToken', {
    type: 'http',
    scheme: 'bearer',
    description: '`ingestToken` of the answer that created the session.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'ingestTokenInQuery', {
    type: 'apiKey',
    in: 'query',
    name: 'token',
    description: 'The same token, for what cannot send headers.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'accessToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: '`accessToken` of the answer that logged somebody in.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key (`lrk_...`), made on the account page, for scripts.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'loginCookie', {
    type: 'apiKey',
    in: 'cookie',
    name: 'livereel_access',
    description: 'What logging in sets for pages of this server.',
  });
  declareDataPlane(app.openAPIRegistry);
  declareUploads(app.openAPIRegistry);
  declareWebRtc(app.openAPIRegistry);
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'livereel',
      version,
      description:
        'Create a session, send a recording or frames to its `ingestUrl`, watch it live and after at the same address. Errors are RFC 9457 problems; their codes are listed at `/docs/errors`.',
      license: { name: 'MIT' },
    },
    // Relative: right under every address by which the server is reached.
    servers: [{ url: '/' }],
    tags: [
      { name: 'sessions', description: 'The ingest of a video.' },
      {
        name: 'ingest',
        description:
          'Sending by plain HTTP. The WebSocket at `ingestUrl` takes the same and acknowledges as it goes.',
      },
      {
        name: 'webrtc',
        description: 'Publishing and watching in a tenth of a second: WHIP and WHEP.',
      },
      { name: 'accounts', description: 'People, where they are logged in, and the keys of their scripts.' },
      { name: 'videos', description: 'What was recorded, or is being recorded.' },
      { name: 'uploads', description: 'Videos that come as files.' },
      { name: 'webhooks', description: 'Being told by HTTP what happens to videos.' },
      { name: 'imports', description: 'Videos that are fetched from an address.' },
      { name: 'server', description: "The server's own state." },
    ],
  });
  return standardSchemas(document);
}
