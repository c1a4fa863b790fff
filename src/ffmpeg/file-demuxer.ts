import type { FileContainer } from '../media/file-container.ts';

const demuxers: Readonly<Record<FileContainer, string>> = {
  mp4: 'mov',
  matroska: 'matroska',
  mpegts: 'mpegts',
  avi: 'avi',
  asf: 'asf',
  flv: 'flv',
};

/**
 * Arguments by which ffmpeg and ffprobe read one file and nothing else: the demuxer is the one that our own look at
 * the bytes found, so that a playlist inside opens nothing, and no protocol but plain files is known.
 */
export function pinnedInput(container: FileContainer): string[] {
  return ['-protocol_whitelist', 'file', '-f', demuxers[container]];
}
