import type { AuthSecret } from '../accounts/auth-secret.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { Database } from '../store/database.ts';
import { GatedVideoStore } from './gated-video-store.ts';
import { PlaybackGate } from './playback-gate.ts';
import { PlaybackTokens } from './playback-tokens.ts';
import { VideoStore } from './video-store.ts';
import { VideoViewing } from './video-viewing.ts';

/** All that decides who may watch. */
export type Playback = {
  readonly gate: PlaybackGate;
  readonly tokens: PlaybackTokens;
  readonly viewing: VideoViewing;
  /** Ends all playback tokens of a video. False: there is no such video. */
  endTokens(id: string): Promise<boolean>;
};

export type PlaybackParts = {
  readonly content: ContentDirectory;
  readonly database: Database;
  readonly secret: AuthSecret;
  readonly ingest: { authorizes(id: string, token: string): Promise<boolean> };
  readonly log: Log;
};

/** Opens it with nobody admitted; the caller closes the gate. */
export async function openPlayback(parts: PlaybackParts): Promise<Playback> {
  const { content, database, secret, ingest, log } = parts;
  const store = new GatedVideoStore(database);
  const tokens = new PlaybackTokens(secret.key('playback-token'));
  const gate = await PlaybackGate.open({ content, videos: store, tokens, log });
  const viewing = new VideoViewing({ videos: new VideoStore(database), ingest, tokens });
  return {
    gate,
    tokens,
    viewing,
    endTokens: async id => {
      const isThere = await store.endTokens(id);
      gate.shut(id);
      return isThere;
    },
  };
}
