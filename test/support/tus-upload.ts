import { readFile } from 'node:fs/promises';
import { Upload } from 'tus-js-client';

/** What an upload is to say, and how it is to be sent. */
export type TusOptions = {
  readonly metadata?: Record<string, string>;
  readonly chunkBytes?: number;
  /** Called after each chunk with how many bytes the server has; true stops the upload there. */
  readonly onChunk?: (safeBytes: number) => boolean | Promise<boolean>;
  /** Goes on with this upload. */
  readonly uploadUrl?: string;
  readonly headers?: Record<string, string>;
};

/** Where an upload stands when it is over or was stopped. */
export type TusResult = {
  readonly uploadUrl: string;
  readonly videoId: string | undefined;
  readonly isWhole: boolean;
};

/**
 * Uploads a file with tus-js-client, as pages and scripts do, to the server at `baseUrl`.
 * @throws its error when the server refuses.
 */
export async function tusUpload(
  baseUrl: string,
  file: string | Buffer,
  options: TusOptions = {},
): Promise<TusResult> {
  const bytes = typeof file === 'string' ? await readFile(file) : file;
  let videoId: string | undefined;
  return await new Promise((resolve, reject) => {
    const over = (isWhole: boolean) => resolve({ uploadUrl: upload.url ?? '', videoId, isWhole });
    const upload: Upload = new Upload(bytes, {
      endpoint: `${baseUrl}/uploads`,
      retryDelays: null,
      metadata: { filename: 'clip.mp4', ...options.metadata },
      ...(options.uploadUrl !== undefined && { uploadUrl: options.uploadUrl }),
      ...(options.headers !== undefined && { headers: options.headers }),
      ...(options.chunkBytes !== undefined && { chunkSize: options.chunkBytes }),
      onAfterResponse: (_request, response) => {
        videoId ??= response.getHeader('Livereel-Video-Id') ?? undefined;
      },
      onChunkComplete: (_size, safeBytes) => {
        void Promise.resolve(options.onChunk?.(safeBytes)).then(async stops => {
          if (stops !== true) return;
          await upload.abort();
          over(false);
        });
      },
      onSuccess: () => over(true),
      onError: reject,
    });
    upload.start();
  });
}
