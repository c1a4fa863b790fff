import { z } from 'zod';
import { videoId, videoTitle, visibilities } from './session.ts';

/** Nothing said is as good as an empty word: forms send one. */
const unlessEmpty = (value: unknown) => (value === '' || value === null ? undefined : value);

const said = {
  title: z.preprocess(unlessEmpty, videoTitle.optional()),
  visibility: z.preprocess(unlessEmpty, z.enum(visibilities).default('public')),
  replyTo: z.preprocess(unlessEmpty, videoId.optional()),
};

/** `Upload-Metadata` of a resumable upload (tus, docs/protocol.md, section 8); what else a client tells is ignored. */
export const uploadMetadata = z.object({
  ...said,
  filename: z.preprocess(unlessEmpty, z.string().max(1_024).optional()),
});
export type UploadMetadata = z.infer<typeof uploadMetadata>;

/** The fields beside the file of `POST /api/v1/uploads`. */
export const uploadFields = z.object(said).strict();
export type UploadFields = z.infer<typeof uploadFields>;
