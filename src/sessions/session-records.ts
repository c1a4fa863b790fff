import type { VideoInput, VideoState } from '../api/session.ts';

/** What a session needs to know of its video's record. */
export type SessionRecord = {
  readonly id: string;
  readonly state: VideoState;
  readonly input: VideoInput;
  readonly frameRate: number | null;
  readonly ingestTokenHash: Buffer | null;
  readonly clientAddress: string | null;
  /** Of the speech: BCP-47, or `auto`. */
  readonly language: string;
  /** Caption it live. */
  readonly captions: boolean;
  readonly createdAt: Date;
};

/** What changes in a record while its session lives. */
export type SessionChanges = {
  readonly state?: VideoState;
  readonly startedAt?: Date;
  readonly endedAt?: Date;
  readonly durationSeconds?: number;
  readonly videoCodec?: string | null;
  readonly audioCodec?: string | null;
  readonly width?: number | null;
  readonly height?: number | null;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly journalKept?: boolean;
};

/** The records of videos, as far as sessions use them. The library stands below; it is passed in. */
export interface SessionRecords {
  find(id: string): Promise<SessionRecord | undefined>;
  update(id: string, changes: SessionChanges): Promise<unknown>;
  remove(id: string): Promise<unknown>;
  /** Those whose session or making is not over. */
  unfinished(): Promise<SessionRecord[]>;
}
