import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MediaPlaylist } from '../hls/media-playlist.ts';
import { renderMultivariantPlaylist } from '../hls/multivariant-playlist.ts';
import type { Rendition } from '../hls/rendition.ts';
import type { SubtitleGroup } from '../hls/subtitle-group.ts';
import type { SessionPlaces } from './session-parts.ts';

/** Writes the playlists of a rendition that has ended, and of its subtitles if it has them: from then on the files tell what the memory told. */
export async function writeFinalPlaylists(
  rendition: Rendition,
  places: Pick<SessionPlaces, 'multivariantFile' | 'mediaFile' | 'captionsDirectory'>,
  text: Rendition | null,
  subtitles: SubtitleGroup | null,
): Promise<void> {
  const textFile = join(places.captionsDirectory, 'stream.m3u8');
  if (text !== null) await writeAside(textFile, new MediaPlaylist(text).render(false));
  await writeAside(places.mediaFile, new MediaPlaylist(rendition).render(false));
  await writeAside(places.multivariantFile, renderMultivariantPlaylist(rendition, subtitles));
}

/** Half a file is never seen. */
async function writeAside(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
