import { uploadMetadata } from '../api/upload.ts';
import { titleOfFile } from '../library/upload-title.ts';
import { wrongValue } from './wrong-value.ts';

/** What a client says about a file in `Upload-Metadata`, already decoded. @throws LivereelError `validation-failed`. */
export function readTusMetadata(metadata: Readonly<Record<string, string | null>>) {
  const read = uploadMetadata.safeParse(metadata);
  if (!read.success) throw wrongValue('metadata', read.error);
  const { title, filename, visibility, replyTo } = read.data;
  return { title: title ?? titleOfFile(filename), visibility, replyTo };
}
