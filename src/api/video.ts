import { z } from 'zod';
import { videoId, videoStates, visibilities } from './session.ts';

/** A video on the wire (docs/protocol.md, section 8). URLs are absolute; one that does not exist yet is null. */
export const videoAnswer = z.object({
  id: videoId,
  title: z.string(),
  description: z.string(),
  state: z.enum(videoStates),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
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
  fileUrl: z.string().nullable(),
  thumbnailUrl: z.string().nullable(),
  previewUrl: z.string().nullable(),
  captionsUrl: z.string().nullable(),
  counts: z.object({
    views: z.number().int(),
    likes: z.number().int(),
    comments: z.number().int(),
    replies: z.number().int(),
  }),
});
export type VideoAnswer = z.infer<typeof videoAnswer>;
