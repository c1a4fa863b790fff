import { LivereelError } from '../errors.ts';
import { randomId } from '../store/random-id.ts';

/** What an upload's address ends with: who knows it may go on with the upload, as with an ingest token. */
export type UploadId = { readonly videoId: string; readonly secret: string };

const secretLength = 24;
const pattern = /^([0-9A-Za-z]{12})-([0-9A-Za-z]{24})$/;

/** A new one. */
export function newUploadId(): UploadId {
  return { videoId: randomId(), secret: randomId(secretLength) };
}

/** As it stands in the address. */
export function writeUploadId({ videoId, secret }: UploadId): string {
  return `${videoId}-${secret}`;
}

/** @throws LivereelError `upload-not-found` for what is none. */
export function readUploadId(text: string): UploadId {
  const [, videoId, secret] = pattern.exec(text) ?? [];
  if (videoId === undefined || secret === undefined)
    throw new LivereelError('upload-not-found', 'There is no such upload. Begin a new one.');
  return { videoId, secret };
}
