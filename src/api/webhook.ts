import { z } from 'zod';
import { pageLimit } from './page-limit.ts';
import { videoId } from './session.ts';

/** What webhooks tell of (docs/webhooks.md). */
export const webhookEventTypes = [
  'video.live',
  'video.ready',
  'video.failed',
  'video.deleted',
  'caption.final',
  'transcript.ready',
] as const;
export type WebhookEventType = (typeof webhookEventTypes)[number];

/** Every few seconds one, while somebody speaks: for whom asks for it. */
const usualEvents = webhookEventTypes.filter(type => type !== 'caption.final');

/** Id of an endpoint. */
export const webhookId = z
  .string()
  .regex(/^[0-9A-Za-z]{12}$/, 'an id of 12 letters and digits')
  .meta({ examples: ['Wh3Kq9ZtA1bX'] });

/** Id of a delivery. */
export const deliveryId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'an id of 32 hexadecimal digits')
  .meta({ examples: ['0f8fad5bd9cb469fa16570867728950e'] });

const url = z
  .string()
  .max(2_048)
  .refine(isWebAddress, 'an http:// or https:// address without user name, password and fragment')
  .meta({ examples: ['https://example.org/livereel'] });

const events = z
  .array(z.enum(webhookEventTypes))
  .min(1)
  .max(webhookEventTypes.length)
  .meta({ examples: [['video.ready', 'video.failed']] });

const description = z
  .string()
  .max(200)
  .regex(/^\P{Cc}*$/u, 'text without control characters');

const example = {
  id: 'Wh3Kq9ZtA1bX',
  url: 'https://example.org/livereel',
  events: ['video.ready', 'video.failed'] as WebhookEventType[],
  description: 'our archive',
  scope: 'own' as const,
  enabled: true,
  disabledReason: null,
  failingSince: null,
  createdAt: '2026-01-01T12:00:00.000Z',
};

/** Body of `POST /api/v1/webhooks`. */
export const createWebhookRequest = z
  .object({
    url,
    events: events.default(usualEvents).meta({ description: 'Without it all but `caption.final`.' }),
    description: description.default(''),
    scope: z
      .enum(['own', 'all'])
      .optional()
      .meta({ description: "Whose videos it hears of: one's own, or, for administrators, everybody's." }),
  })
  .strict()
  .meta({ id: 'CreateWebhook', examples: [{ url: example.url, events: example.events }] });
export type CreateWebhookRequest = z.infer<typeof createWebhookRequest>;

/** Body of `PATCH /api/v1/webhooks/<id>`: what is left out stays as it is. */
export const changeWebhookRequest = z
  .object({
    url: url.optional(),
    events: events.optional(),
    description: description.optional(),
    enabled: z.boolean().optional(),
  })
  .strict()
  .meta({ id: 'ChangeWebhook', examples: [{ enabled: true }] });
export type ChangeWebhookRequest = z.infer<typeof changeWebhookRequest>;

/** An endpoint on the wire. */
export const webhookAnswer = z
  .object({
    id: webhookId,
    url: z.string(),
    events: z.array(z.enum(webhookEventTypes)),
    description: z.string(),
    scope: z.enum(['own', 'all']),
    enabled: z.boolean(),
    /** Why nothing is sent to it any more, for people. */
    disabledReason: z.string().nullable(),
    /** Since when every delivery was given up. */
    failingSince: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Webhook', examples: [example] });
export type WebhookAnswer = z.infer<typeof webhookAnswer>;

/** An endpoint with its secret, which is told once. */
export const webhookWithSecret = webhookAnswer
  .extend({ secret: z.string().meta({ description: 'Told only here: keep it.' }) })
  .meta({
    id: 'WebhookWithSecret',
    examples: [{ ...example, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=' }],
  });

/** Answer of `GET /api/v1/webhooks`. */
export const webhookList = z
  .object({ items: z.array(webhookAnswer) })
  .meta({ id: 'WebhookList', examples: [{ items: [example] }] });

export const deliveryStates = ['waiting', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

const deliveryExample = {
  id: '0f8fad5bd9cb469fa16570867728950e',
  eventId: 'evt_7c9e6679f7425b0d8f1ec1f0a1b2c3d4',
  type: 'video.ready',
  videoId: 'f3Kq9ZtA1bXy',
  state: 'waiting' as const,
  isReplay: false,
  attempts: 1,
  createdAt: '2026-01-01T12:00:00.000Z',
  attemptedAt: '2026-01-01T12:00:00.120Z',
  nextAttemptAt: '2026-01-01T12:00:05.300Z',
  durationMillis: 112,
  responseStatus: 500,
  responseBody: 'database is locked',
  error: 'answered 500',
};

/** A delivery on the wire: one event on its way to one endpoint. */
export const deliveryAnswer = z
  .object({
    id: deliveryId,
    eventId: z.string(),
    type: z.string(),
    videoId: videoId.nullable(),
    state: z.enum(deliveryStates),
    isReplay: z.boolean(),
    attempts: z.number().int(),
    createdAt: z.iso.datetime(),
    attemptedAt: z.iso.datetime().nullable(),
    nextAttemptAt: z.iso.datetime().nullable(),
    durationMillis: z.number().int().nullable(),
    responseStatus: z.number().int().nullable(),
    /** Its first 2 KiB. */
    responseBody: z.string().nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: 'WebhookDelivery', examples: [deliveryExample] });
export type DeliveryAnswer = z.infer<typeof deliveryAnswer>;

/** Answer of `GET /api/v1/webhooks/<id>/deliveries`, newest first. */
export const deliveryPage = z
  .object({ items: z.array(deliveryAnswer), nextCursor: z.string().nullable() })
  .meta({ id: 'WebhookDeliveryPage', examples: [{ items: [deliveryExample], nextCursor: null }] });

/** Query of that list. */
export const listDeliveriesQuery = z.object({
  cursor: z.string().max(200).optional().meta({ description: '`nextCursor` of the page before.' }),
  limit: pageLimit,
  state: z
    .enum(deliveryStates)
    .optional()
    .meta({ examples: ['failed'] }),
});

/** A delivery with the very body that is sent. */
export const deliveryWithPayload = deliveryAnswer
  .extend({ payload: z.string() })
  .meta({ id: 'WebhookDeliveryWithPayload', examples: [{ ...deliveryExample, payload: '{"id":"evt_…"}' }] });

/** Body of `POST /api/v1/webhooks/<id>/replay`. */
export const replayRequest = z
  .object({ since: z.iso.datetime().meta({ examples: ['2026-01-01T12:00:00.000Z'] }) })
  .strict()
  .meta({ id: 'ReplayWebhook', examples: [{ since: '2026-01-01T12:00:00.000Z' }] });

/** Answer: how many deliveries that had failed are tried again. */
export const replayAnswer = z
  .object({ replayed: z.number().int() })
  .meta({ id: 'ReplayedWebhook', examples: [{ replayed: 3 }] });

function isWebAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}
