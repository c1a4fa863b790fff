import type { VideoEvents } from '../events/video-events.ts';
import type { Log } from '../log.ts';
import type { CaptionedSessions } from './captioned-sessions.ts';
import type { FinishedSessions } from './finished-session.ts';
import type { PipelineSettings } from './session-pipeline.ts';
import type { SessionRecords } from './session-records.ts';

/** How long a session waits, and how large it may become. */
export type SessionSettings = {
  readonly reconnectWindowSeconds: number;
  readonly createdTimeoutSeconds: number;
  readonly silentPublisherSeconds: number;
  readonly maxSessionBytes: number;
  readonly targetDurationSeconds: number;
  readonly pipeline: PipelineSettings;
};

/** Where a session's files are. */
export type SessionPlaces = {
  readonly journalDirectory: string;
  readonly renditionDirectory: string;
  readonly timelineFile: string;
  readonly multivariantFile: string;
  readonly mediaFile: string;
  readonly captionsDirectory: string;
};

/** What a session is built of; the same for all. */
export type SessionParts = {
  readonly settings: SessionSettings;
  readonly places: SessionPlaces;
  readonly records: SessionRecords;
  readonly finished: FinishedSessions;
  readonly events: VideoEvents;
  /** Null in a server that captions nothing. */
  readonly captioned: Pick<CaptionedSessions, 'open'> | null;
  readonly onRender: () => void;
  readonly log: Log;
};
