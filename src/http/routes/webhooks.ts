import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import {
  changeWebhookRequest,
  createWebhookRequest,
  type DeliveryAnswer,
  deliveryAnswer,
  deliveryId,
  deliveryPage,
  deliveryWithPayload,
  listDeliveriesQuery,
  replayAnswer,
  replayRequest,
  type WebhookAnswer,
  webhookAnswer,
  webhookId,
  webhookList,
  webhookWithSecret,
} from '../../api/webhook.ts';
import type { Delivery } from '../../webhooks/delivery-store.ts';
import type { Endpoint } from '../../webhooks/endpoint-store.ts';
import type { EndpointWithSecret, Webhooks } from '../../webhooks/webhooks.ts';
import { askerOf } from '../asker.ts';
import { problems } from '../problem-schema.ts';

const tags = ['webhooks'];
const one = z.object({ id: webhookId });
const oneDelivery = z.object({ id: webhookId, delivery: deliveryId });
const refused = problems('unauthorized', 'not-found');
const unreadable = [
  'bad-request',
  'validation-failed',
  'payload-too-large',
  'unsupported-media-type',
] as const;
const refusedChange = problems(...unreadable, 'unauthorized', 'cross-site-request', 'not-found');
// There is nothing in the request that could be wrong; the webhook may be disabled.
const refusedSending = problems('bad-request', 'unauthorized', 'cross-site-request', 'not-found');

const answer = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
});
const body = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true,
  content: { 'application/json': { schema } },
});

const createWebhook = createRoute({
  method: 'post',
  path: '/api/v1/webhooks',
  operationId: 'createWebhook',
  tags,
  summary: 'Be told by HTTP what happens to videos',
  description: 'Messages are signed (docs/webhooks.md); the secret is told only here.',
  request: { body: body(createWebhookRequest) },
  responses: {
    201: answer('The webhook, with its secret.', webhookWithSecret),
    ...problems(...unreadable, 'unauthorized', 'cross-site-request', 'quota-exceeded'),
  },
});

const listWebhooks = createRoute({
  method: 'get',
  path: '/api/v1/webhooks',
  operationId: 'listWebhooks',
  tags,
  summary: "One's own webhooks",
  responses: { 200: answer('Oldest first.', webhookList), ...problems('unauthorized') },
});

const getWebhook = createRoute({
  method: 'get',
  path: '/api/v1/webhooks/{id}',
  operationId: 'getWebhook',
  tags,
  summary: 'One webhook',
  request: { params: one },
  responses: { 200: answer('The webhook.', webhookAnswer), ...refused },
});

const changeWebhook = createRoute({
  method: 'patch',
  path: '/api/v1/webhooks/{id}',
  operationId: 'changeWebhook',
  tags,
  summary: 'Change, disable or enable a webhook',
  description: 'What is left out stays as it is. What waits for a webhook that is disabled has failed.',
  request: { params: one, body: body(changeWebhookRequest) },
  responses: { 200: answer('The webhook.', webhookAnswer), ...refusedChange },
});

const deleteWebhook = createRoute({
  method: 'delete',
  path: '/api/v1/webhooks/{id}',
  operationId: 'deleteWebhook',
  tags,
  summary: 'Delete a webhook and its deliveries',
  request: { params: one },
  responses: { 204: { description: 'It is gone.' }, ...refused, ...problems('cross-site-request') },
});

const renewSecret = createRoute({
  method: 'post',
  path: '/api/v1/webhooks/{id}/secret',
  operationId: 'renewWebhookSecret',
  tags,
  summary: 'Get a new secret',
  description: 'For a day messages are signed with the old one too.',
  request: { params: one },
  responses: {
    200: answer('The webhook, with its new secret.', webhookWithSecret),
    ...refused,
    ...problems('cross-site-request'),
  },
});

const testWebhook = createRoute({
  method: 'post',
  path: '/api/v1/webhooks/{id}/test',
  operationId: 'testWebhook',
  tags,
  summary: 'Send a message that says nothing',
  description: 'Of the type `webhook.test`.',
  request: { params: one },
  responses: { 202: answer('It is on its way.', deliveryAnswer), ...refusedSending },
});

const listDeliveries = createRoute({
  method: 'get',
  path: '/api/v1/webhooks/{id}/deliveries',
  operationId: 'listWebhookDeliveries',
  tags,
  summary: 'What was sent, and how it went',
  description: 'Newest first; kept for 30 days.',
  request: { params: one, query: listDeliveriesQuery },
  responses: { 200: answer('A page.', deliveryPage), ...refused, ...problems('validation-failed') },
});

const getDelivery = createRoute({
  method: 'get',
  path: '/api/v1/webhooks/{id}/deliveries/{delivery}',
  operationId: 'getWebhookDelivery',
  tags,
  summary: 'One delivery, with what is sent',
  request: { params: oneDelivery },
  responses: { 200: answer('The delivery.', deliveryWithPayload), ...refused },
});

const replayDelivery = createRoute({
  method: 'post',
  path: '/api/v1/webhooks/{id}/deliveries/{delivery}/replay',
  operationId: 'replayWebhookDelivery',
  tags,
  summary: 'Send an event once more',
  description: 'Under the same event id, as a delivery of its own.',
  request: { params: oneDelivery },
  responses: { 202: answer('It is on its way.', deliveryAnswer), ...refusedSending },
});

const replaySince = createRoute({
  method: 'post',
  path: '/api/v1/webhooks/{id}/replay',
  operationId: 'replayWebhook',
  tags,
  summary: 'Try again all that failed since then',
  request: { params: one, body: body(replayRequest) },
  responses: { 202: answer('They are on their way.', replayAnswer), ...refusedChange },
});

/** Declares the routes of docs/webhooks.md. */
export function addWebhookRoutes(app: OpenAPIHono, webhooks: Webhooks): void {
  app.openapi(createWebhook, async c => {
    const created = await webhooks.create(await askerOf(c), c.req.valid('json'));
    return c.json(presentWithSecret(created), 201);
  });
  app.openapi(listWebhooks, async c => {
    const items = (await webhooks.list(await askerOf(c))).map(present);
    return c.json({ items }, 200);
  });
  app.openapi(getWebhook, async c => {
    const { id } = c.req.valid('param');
    return c.json(present(await webhooks.find(await askerOf(c), id)), 200);
  });
  app.openapi(changeWebhook, async c => {
    const { id } = c.req.valid('param');
    return c.json(present(await webhooks.change(await askerOf(c), id, c.req.valid('json'))), 200);
  });
  app.openapi(deleteWebhook, async c => {
    await webhooks.remove(await askerOf(c), c.req.valid('param').id);
    return c.body(null, 204);
  });
  app.openapi(renewSecret, async c => {
    const renewed = await webhooks.renewSecret(await askerOf(c), c.req.valid('param').id);
    return c.json(presentWithSecret(renewed), 200);
  });
  app.openapi(testWebhook, async c => {
    const delivery = await webhooks.test(await askerOf(c), c.req.valid('param').id);
    return c.json(presentDelivery(delivery), 202);
  });
  addDeliveryRoutes(app, webhooks);
}

function addDeliveryRoutes(app: OpenAPIHono, webhooks: Webhooks): void {
  app.openapi(listDeliveries, async c => {
    const { cursor, limit, state } = c.req.valid('query');
    const page = await webhooks.deliveriesOf(await askerOf(c), c.req.valid('param').id, {
      limit,
      ...(cursor !== undefined && { cursor }),
      ...(state !== undefined && { state }),
    });
    return c.json({ items: page.items.map(presentDelivery), nextCursor: page.nextCursor }, 200);
  });
  app.openapi(getDelivery, async c => {
    const { id, delivery } = c.req.valid('param');
    const found = await webhooks.delivery(await askerOf(c), id, delivery);
    return c.json({ ...presentDelivery(found), payload: found.payload }, 200);
  });
  app.openapi(replayDelivery, async c => {
    const { id, delivery } = c.req.valid('param');
    return c.json(presentDelivery(await webhooks.replay(await askerOf(c), id, delivery)), 202);
  });
  app.openapi(replaySince, async c => {
    const since = new Date(c.req.valid('json').since);
    const replayed = await webhooks.replaySince(await askerOf(c), c.req.valid('param').id, since);
    return c.json({ replayed }, 202);
  });
}

function present(endpoint: Endpoint): WebhookAnswer {
  const { id, url, events, description, isForAll, isEnabled, disabledReason, failingSince } = endpoint;
  return {
    id,
    url,
    events: [...events],
    description,
    scope: isForAll ? 'all' : 'own',
    enabled: isEnabled,
    disabledReason,
    failingSince: failingSince?.toISOString() ?? null,
    createdAt: endpoint.createdAt.toISOString(),
  };
}

function presentWithSecret({ endpoint, secret }: EndpointWithSecret) {
  return { ...present(endpoint), secret };
}

function presentDelivery(delivery: Delivery): DeliveryAnswer {
  const { id, eventId, type, videoId, state, isReplay, attempts } = delivery;
  const { durationMillis, responseStatus, responseBody, error } = delivery;
  return {
    id,
    eventId,
    type,
    videoId,
    state,
    isReplay,
    attempts,
    createdAt: delivery.createdAt.toISOString(),
    attemptedAt: delivery.attemptedAt?.toISOString() ?? null,
    nextAttemptAt: state === 'waiting' ? delivery.dueAt.toISOString() : null,
    durationMillis,
    responseStatus,
    responseBody,
    error,
  };
}
