import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transcript } from '../api/transcript.ts';
import { plainText } from '../media/plain-text.ts';
import { subRip } from '../media/sub-rip.ts';
import { webVtt } from '../media/web-vtt.ts';

/** In which forms captions are had: `/videos/<id>/captions.<format>` (docs/protocol.md, section 4). */
export const captionFormats = ['vtt', 'srt', 'txt', 'json'] as const;
export type CaptionFormat = (typeof captionFormats)[number];

/** A transcript as a file. */
export function captionFile(format: CaptionFormat, { language, final, segments }: Transcript): string {
  if (format === 'vtt') return webVtt(segments);
  if (format === 'srt') return subRip(segments);
  if (format === 'txt') return plainText(segments);
  return JSON.stringify({ language, final, segments });
}

/** Writes all forms into a video's folder; half a file is never seen. */
export async function writeCaptionFiles(folder: string, transcript: Transcript): Promise<void> {
  for (const format of captionFormats) {
    const path = join(folder, `captions.${format}`);
    await writeFile(`${path}.new`, captionFile(format, transcript));
    await rename(`${path}.new`, path);
  }
}
