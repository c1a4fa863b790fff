import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { requireLogin } from '../../accounts/accounts.ts';
import type { ApiKey } from '../../accounts/api-key-store.ts';
import type { ApiKeys } from '../../accounts/api-keys.ts';
import {
  type ApiKeyAnswer,
  accountParams,
  apiKeyList,
  createApiKeyRequest,
  newApiKeyAnswer,
} from '../../api/account.ts';
import { personOf } from '../asker.ts';
import { problems } from '../problem-schema.ts';

const tags = ['accounts'];
const security = [{ accessToken: [] }, { loginCookie: [] }];

const createApiKey = createRoute({
  method: 'post',
  path: '/api/v1/account/api-keys',
  operationId: 'createApiKey',
  tags,
  summary: 'Make an API key for a script',
  description:
    'It publishes and changes videos in your name until it is revoked; your account itself it cannot touch. The key is shown only here.',
  security,
  request: { body: { required: true, content: { 'application/json': { schema: createApiKeyRequest } } } },
  responses: {
    201: { description: 'The key.', content: { 'application/json': { schema: newApiKeyAnswer } } },
    ...problems('bad-request', 'validation-failed', 'payload-too-large', 'unsupported-media-type'),
    ...problems('unauthorized', 'cross-site-request', 'forbidden', 'quota-exceeded'),
  },
});

const listApiKeys = createRoute({
  method: 'get',
  path: '/api/v1/account/api-keys',
  operationId: 'listApiKeys',
  tags,
  summary: "One's own API keys",
  description: 'Newest first, with when each was last used.',
  security,
  responses: {
    200: { description: 'The keys.', content: { 'application/json': { schema: apiKeyList } } },
    ...problems('unauthorized', 'forbidden'),
  },
});

const revokeApiKey = createRoute({
  method: 'delete',
  path: '/api/v1/account/api-keys/{id}',
  operationId: 'revokeApiKey',
  tags,
  summary: 'Revoke an API key',
  description: 'From the next request on it opens nothing.',
  security,
  request: { params: accountParams },
  responses: {
    204: { description: 'Revoked.' },
    ...problems('unauthorized', 'forbidden', 'cross-site-request', 'not-found'),
  },
});

/** Declares the routes of API keys. Only somebody who is logged in gets at them, no key makes another. */
export function addApiKeyRoutes(app: OpenAPIHono, keys: Pick<ApiKeys, 'create' | 'list' | 'revoke'>): void {
  app.openapi(createApiKey, async c => {
    const person = await personOf(c);
    requireLogin(person);
    const made = await keys.create(person.accountId, c.req.valid('json').name);
    c.header('Cache-Control', 'no-store');
    return c.json({ ...present(made), key: made.key }, 201);
  });

  app.openapi(listApiKeys, async c => {
    const person = await personOf(c);
    requireLogin(person);
    c.header('Cache-Control', 'no-store');
    return c.json({ items: (await keys.list(person.accountId)).map(present) }, 200);
  });

  app.openapi(revokeApiKey, async c => {
    const person = await personOf(c);
    requireLogin(person);
    await keys.revoke(person.accountId, c.req.valid('param').id);
    return c.body(null, 204);
  });
}

function present({ id, name, createdAt, lastUsedAt }: ApiKey): ApiKeyAnswer {
  return { id, name, createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null };
}
