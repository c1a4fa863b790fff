import { z } from 'zod';
import { pageLimit } from './page-limit.ts';
import { spokenLanguage, videoId, videoInputs, videoStates, videoTitle, visibilities } from './session.ts';

/** The video that the contract shows. */
export const exampleVideo = {
  id: 'f3Kq9ZtA1bXy',
  title: 'Standup',
  description: '',
  state: 'ready',
  error: null,
  input: 'chunks',
  visibility: 'public',
  owner: null,
  replyTo: null,
  createdAt: '2026-01-01T12:00:00.000Z',
  durationSeconds: 12.34,
  width: 1280,
  height: 720,
  sizeBytes: 1234567,
  language: 'en',
  playbackUrl: 'http://localhost:8000/hls/f3Kq9ZtA1bXy/index.m3u8',
  whepUrl: null,
  fileUrl: 'http://localhost:8000/videos/f3Kq9ZtA1bXy/video.mp4',
  thumbnailUrl: null,
  previewUrl: null,
  storyboardUrl: null,
  captionsUrl: null,
  loudness: { integratedLufs: -18.2, rangeLu: 5.1, truePeakDbtp: -1.4 },
  counts: { views: 0, likes: 0, comments: 0, replies: 0 },
};

/** A video on the wire (docs/protocol.md, section 8). URLs are absolute; one that does not exist yet is null. */
export const videoAnswer = z
  .object({
    id: videoId,
    title: z.string(),
    description: z.string(),
    state: z.enum(videoStates),
    error: z.object({ code: z.string(), message: z.string() }).nullable().meta({
      description:
        'What went wrong: why the video failed, or what is missing of one that is ready. Those who may not change it are told what the code means, not the reason.',
    }),
    input: z
      .enum(videoInputs)
      .meta({ description: 'How it came in: published, sent as a file, or fetched from an address.' }),
    visibility: z.enum(visibilities),
    owner: z.object({ id: z.string(), name: z.string() }).nullable(),
    replyTo: videoId.nullable(),
    createdAt: z.iso.datetime(),
    durationSeconds: z.number().nullable(),
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    sizeBytes: z.number().int().nullable(),
    language: z.string().nullable(),
    playbackUrl: z.string(),
    whepUrl: z.string().nullable(),
    fileUrl: z.string().nullable(),
    thumbnailUrl: z.string().nullable(),
    previewUrl: z.string().nullable(),
    storyboardUrl: z.string().nullable().meta({
      description:
        'WebVTT; each cue names a piece of a picture (`storyboard.0.jpg#xywh=x,y,w,h`) for scrubbing.',
    }),
    captionsUrl: z.string().nullable(),
    loudness: z
      .object({ integratedLufs: z.number(), rangeLu: z.number(), truePeakDbtp: z.number() })
      .nullable()
      .meta({ description: 'EBU R128; null until it is measured, and for silence.' }),
    counts: z.object({
      views: z.number().int(),
      likes: z.number().int(),
      comments: z.number().int(),
      replies: z.number().int(),
    }),
  })
  .meta({
    id: 'Video',
    examples: [exampleVideo],
  });
export type VideoAnswer = z.infer<typeof videoAnswer>;

/** The orders in which videos are listed. */
export const videoSorts = ['newest', 'oldest', 'longest', 'largest', 'title'] as const;
export type VideoSort = (typeof videoSorts)[number];

/** Query of `GET /api/v1/videos`: a page at a time. */
export const listVideosQuery = z.object({
  cursor: z.string().max(1_000).optional().meta({
    description:
      '`nextCursor` of the page before; it goes on in the same sort and with the same filters only.',
  }),
  limit: pageLimit,
  owner: z
    .string()
    .regex(/^(me|[0-9A-Za-z]{12})$/, '"me", or the id of an account')
    .optional()
    .meta({
      description:
        "Only this account's videos. Of one's own (`me`, or one's id) all are listed, of others' the public ones that did not fail.",
      examples: ['me'],
    }),
  state: z
    .enum(videoStates)
    .optional()
    .meta({ description: 'Only videos in this state.', examples: ['ready'] }),
  replyTo: videoId.optional().meta({ description: 'Only answers to this video.' }),
  title: z
    .string()
    .max(200)
    .regex(/^\P{Cc}*$/u, 'text without control characters')
    .optional()
    .meta({
      description:
        'Only videos in whose title all of these words are, without regard to case, accents and signs: whole or in part, one or two letters at the beginning of a word.',
      examples: ['standup'],
    }),
  sort: z
    .enum(videoSorts)
    .default('newest')
    .meta({
      description:
        '`newest` or `oldest` by creation; `longest` by duration; `largest` by bytes; `title` from A to Z, numbers by size. What is not known yet comes last.',
      examples: ['newest'],
    }),
});
export type ListVideosQuery = z.infer<typeof listVideosQuery>;

/** Answer of `GET /api/v1/videos`. `nextCursor` is null on the last page. */
export const videoPage = z
  .object({ items: z.array(videoAnswer), nextCursor: z.string().nullable() })
  .meta({ id: 'VideoPage', examples: [{ items: [exampleVideo], nextCursor: null }] });
export type VideoPage = z.infer<typeof videoPage>;

/** Body of `PATCH /api/v1/videos/<id>`: what is left out stays as it is. */
export const changeVideoRequest = z
  .object({
    title: videoTitle.optional(),
    description: z
      .string()
      .max(5_000)
      .regex(/^[\P{Cc}\t\n\r]*$/u, 'text without control characters')
      .optional(),
    visibility: z.enum(visibilities).optional(),
    language: spokenLanguage.optional(),
  })
  .strict()
  .meta({ id: 'ChangeVideo', examples: [{ title: 'Standup, Monday' }] });
export type ChangeVideoRequest = z.infer<typeof changeVideoRequest>;
