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

export const videoInputs = [...inputs, 'upload', 'import'] as const;
/** How a video came in: published, sent as a file, or fetched from an address. */
export type VideoInput = (typeof videoInputs)[number];

export const visibilities = ['public', 'unlisted', 'private'] as const;
export type Visibility = (typeof visibilities)[number];

/** 12 characters of `[0-9A-Za-z]`, unguessable, never reused. */
export const videoId = z
  .string()
  .regex(/^[0-9A-Za-z]{12}$/, 'a video id is 12 letters and digits')
  .meta({ examples: ['f3Kq9ZtA1bXy'] });

/**
 * One line for a person to read. Control characters are refused: they hide text, break log lines, and Postgres
 * cannot store the first of them.
 */
const line = z.string().regex(/^\P{Cc}*$/u, 'one line of text, without control characters');

/** What a video is called when nobody said. */
export const defaultTitle = 'Untitled';

/** A video's title: at most 200 characters, white space around it dropped; an empty one becomes the default. */
export const videoTitle = line
  .trim()
  .max(200)
  .transform(title => (title === '' ? defaultTitle : title));

/** The language of the speech: a BCP-47 tag (RFC 5646), or `auto` to find it out. */
export const spokenLanguage = z
  .string()
  .max(35)
  .regex(/^(auto|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)$/, 'a BCP-47 language tag, or "auto"');

/** Body of `POST /api/v1/sessions` (docs/protocol.md, section 2). */
export const createSessionRequest = z
  .object({
    input: z.enum(inputs).default('chunks'),
    mimeType: line.max(200).optional(),
    frameRate: z.number().min(0.1).max(240).optional(),
    title: videoTitle.default(defaultTitle),
    replyTo: videoId.optional(),
    visibility: z.enum(visibilities).default('public'),
    language: spokenLanguage.default('auto'),
    captions: z.boolean().default(true),
  })
  .strict()
  .meta({
    id: 'CreateSession',
    examples: [
      { input: 'chunks', mimeType: 'video/webm;codecs=avc1,opus', title: 'Standup', language: 'en' },
    ],
  });
export type CreateSessionRequest = z.infer<typeof createSessionRequest>;

/** Answer `201` of `POST /api/v1/sessions`. */
export const sessionAnswer = z
  .object({
    id: videoId,
    state: z.enum(videoStates),
    ingestToken: z.string(),
    ingestUrl: z.string(),
    whipUrl: z.string(),
    playbackUrl: z.string(),
    eventsUrl: z.string(),
    watchUrl: z.string(),
  })
  .meta({
    id: 'Session',
    examples: [
      {
        id: 'f3Kq9ZtA1bXy',
        state: 'created',
        ingestToken: 'mS0k2rXq7dVh1pBz',
        ingestUrl: 'ws://localhost:8000/ingest/f3Kq9ZtA1bXy?token=mS0k2rXq7dVh1pBz',
        whipUrl: 'http://localhost:8000/whip/f3Kq9ZtA1bXy',
        playbackUrl: 'http://localhost:8000/hls/f3Kq9ZtA1bXy/index.m3u8',
        eventsUrl: 'http://localhost:8000/api/v1/videos/f3Kq9ZtA1bXy/events',
        watchUrl: 'http://localhost:8000/watch/f3Kq9ZtA1bXy',
      },
    ],
  });
export type SessionAnswer = z.infer<typeof sessionAnswer>;

/** Answer `200` of `POST /api/v1/sessions/<id>/end`: what the video is now. */
export const sessionEnded = z
  .object({ id: videoId, state: z.enum(videoStates) })
  .meta({ id: 'SessionEnded', examples: [{ id: 'f3Kq9ZtA1bXy', state: 'processing' }] });
export type SessionEnded = z.infer<typeof sessionEnded>;
