import { rename, writeFile } from 'node:fs/promises';
import { MediaPlaylist } from '../hls/media-playlist.ts';
import { renderMultivariantPlaylist } from '../hls/multivariant-playlist.ts';
import type { Rendition } from '../hls/rendition.ts';
import type { SessionPlaces } from './session-parts.ts';

/** Writes the playlists of a rendition that has ended: from then on the files tell what the memory told. */
export async function writeFinalPlaylists(rendition: Rendition, places: SessionPlaces): Promise<void> {
  await writeAside(places.mediaFile, new MediaPlaylist(rendition).render(false));
  await writeAside(places.multivariantFile, renderMultivariantPlaylist(rendition));
}

/** Half a file is never seen. */
async function writeAside(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
