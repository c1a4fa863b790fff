import { z } from 'zod';

/** The states of a video's one life (docs/protocol.md, section 1). */
export const videoStates = [
  'created',
  'live',
  'interrupted',
  'uploading',
  'processing',
  'ready',
  'failed',
] as const;
export type VideoState = (typeof videoStates)[number];

export const inputs = ['chunks', 'frames', 'webrtc'] as const;
/** What a publisher will send: a recorder's bytes, JPEG frames, or WebRTC. */
export type Input = (typeof inputs)[number];

export const visibilities = ['public', 'unlisted', 'private'] as const;
export type Visibility = (typeof visibilities)[number];

/** 12 characters of `[0-9A-Za-z]`, unguessable, never reused. */
export const videoId = z.string().regex(/^[0-9A-Za-z]{12}$/, 'a video id is 12 letters and digits');

/** Body of `POST /api/v1/sessions` (docs/protocol.md, section 2). */
export const createSessionRequest = z
  .object({
    input: z.enum(inputs).default('chunks'),
    mimeType: z.string().max(200).optional(),
    frameRate: z.number().min(0.1).max(240).optional(),
    title: z.string().trim().max(200).default('Untitled'),
    replyTo: videoId.optional(),
    visibility: z.enum(visibilities).default('public'),
    language: z
      .string()
      .regex(/^(auto|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)$/, 'a BCP-47 language tag, or "auto"')
      .default('auto'),
    captions: z.boolean().default(true),
  })
  .strict();
export type CreateSessionRequest = z.infer<typeof createSessionRequest>;

/** Answer `201` of `POST /api/v1/sessions`. */
export const sessionAnswer = z.object({
  id: videoId,
  state: z.enum(videoStates),
  ingestToken: z.string(),
  ingestUrl: z.string(),
  whipUrl: z.string(),
  playbackUrl: z.string(),
  eventsUrl: z.string(),
  watchUrl: z.string(),
});
export type SessionAnswer = z.infer<typeof sessionAnswer>;
