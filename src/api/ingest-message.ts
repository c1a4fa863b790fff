import { z } from 'zod';

/**
 * The JSON text messages of the ingest WebSocket (docs/protocol.md, section 3.1).
 * `offset` counts bytes for chunks and frames for frames; what it counts is safe:
 * it survives `kill -9` of every process of ours.
 */
export const serverMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), offset: z.number().int().nonnegative() }),
  z.object({ type: z.literal('ack'), offset: z.number().int().nonnegative() }),
  z.object({ type: z.literal('warning'), code: z.string(), message: z.string() }),
  z.object({ type: z.literal('ended'), id: z.string(), state: z.string() }),
  z.object({
    type: z.literal('error'),
    code: z.string(),
    message: z.string(),
    retryAfterSeconds: z.number().optional(),
  }),
]);
export type ServerMessage = z.infer<typeof serverMessage>;

/** What a publisher may say in text: that nothing more will come. */
export const publisherMessage = z.object({ type: z.literal('end') });
export type PublisherMessage = z.infer<typeof publisherMessage>;
