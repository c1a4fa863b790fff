import { z } from 'zod';
import { videoId, videoTitle, visibilities } from './session.ts';
import { exampleVideo, videoAnswer } from './video.ts';

/** What becomes of an import. */
export const importStates = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const;
export type ImportState = (typeof importStates)[number];

/** An address as a person pastes it; whether it may be fetched is decided by who fetches. */
const address = z
  .string()
  .trim()
  .min(1)
  .max(2_048)
  .refine(
    text => /^https?:\/\//i.test(text) && URL.canParse(text),
    'an address that begins with http:// or https://',
  );

/** Body of `POST /api/v1/imports` (docs/protocol.md, section 8). Without `title` the source's own is taken. */
export const createImportRequest = z
  .object({
    url: address,
    title: videoTitle.optional(),
    visibility: z.enum(visibilities).default('public'),
  })
  .strict()
  .meta({
    id: 'CreateImport',
    examples: [{ url: 'https://example.com/talk.mp4', title: 'The talk', visibility: 'unlisted' }],
  });
export type CreateImportRequest = z.infer<typeof createImportRequest>;

const queuePosition = z.number().int().min(0).meta({
  description: 'How many imports are begun before this one and it itself; 0 once it is being fetched.',
});

/** Answer `202` of `POST /api/v1/imports`: the video that it becomes. */
export const importedVideo = videoAnswer.extend({ queuePosition }).meta({
  id: 'ImportedVideo',
  examples: [
    {
      ...exampleVideo,
      state: 'uploading',
      input: 'import',
      durationSeconds: null,
      fileUrl: null,
      queuePosition: 2,
    },
  ],
});
export type ImportedVideo = z.infer<typeof importedVideo>;

/** How far an import is. */
export const importAnswer = z
  .object({
    id: videoId.meta({ description: 'Of the video, too.' }),
    url: z.string().meta({ description: 'Without user name and password.' }),
    state: z.enum(importStates),
    queuePosition,
    percent: z.number().int().min(0).max(100),
    bytes: z.number().int().min(0),
    totalBytes: z.number().int().nullable().meta({ description: 'Null while it is not known.' }),
    attempts: z.number().int().min(0),
    error: z.string().nullable().meta({ description: 'Why it failed, or is tried again.' }),
  })
  .meta({
    id: 'Import',
    examples: [
      {
        id: 'f3Kq9ZtA1bXy',
        url: 'https://example.com/talk.mp4',
        state: 'running',
        queuePosition: 0,
        percent: 40,
        bytes: 4_000_000,
        totalBytes: 10_000_000,
        attempts: 1,
        error: null,
      },
    ],
  });
export type ImportAnswer = z.infer<typeof importAnswer>;
