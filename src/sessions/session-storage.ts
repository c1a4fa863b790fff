import { PartWriter, type TimelineEnd } from '../hls/part-writer.ts';
import { Rendition } from '../hls/rendition.ts';
import { JournalWriter } from '../journal/journal-writer.ts';
import type { SessionCaptions } from './captioned-sessions.ts';
import type { SessionParts } from './session-parts.ts';
import { SessionPlaylists } from './session-playlists.ts';
import type { SessionRecord } from './session-records.ts';

/** What a session writes to and shows from, as it was left on the disk. Owned by the session. */
export type SessionStorage = {
  readonly journal: JournalWriter;
  readonly writer: PartWriter;
  /** Where the published stream was left. */
  readonly end: TimelineEnd;
  readonly playlists: SessionPlaylists;
  /** Null: it is not captioned. */
  readonly captions: SessionCaptions | null;
};

/** Opens what a session keeps: new, or as a crash left it. What fails leaves nothing open. */
export async function openStorage(parts: SessionParts, record: SessionRecord): Promise<SessionStorage> {
  const rendition = new Rendition('main', parts.settings.targetDurationSeconds);
  const playlists = new SessionPlaylists(rendition, parts.onRender);
  const { renditionDirectory, timelineFile, journalDirectory, captionsDirectory } = parts.places;
  const opened: { close(): Promise<void> }[] = [];
  try {
    const { writer, end } = await PartWriter.open(renditionDirectory, timelineFile, rendition, () =>
      playlists.published(),
    );
    opened.unshift(writer);
    const journal = await JournalWriter.open(journalDirectory);
    opened.unshift(journal);
    const captions = (await parts.captioned?.open(record)) ?? null;
    if (captions !== null) {
      opened.unshift(captions);
      await playlists.addSubtitles(captionsDirectory, captions.kept, parts.log);
    }
    return { journal, writer, end, playlists, captions };
  } catch (error) {
    for (const part of opened) await part.close().catch(() => undefined);
    throw error;
  }
}
