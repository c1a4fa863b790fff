import type { RenditionFormat } from '../hls/rendition.ts';
import type { PipelineResult } from './session-pipeline.ts';

/** A session that is over and wholly published: what it takes to make it a video. */
export type FinishedSession = {
  readonly id: string;
  readonly result: PipelineResult;
  /** Of its initialization sections, in order; more than one when the picture changed on the way. */
  readonly formats: readonly RenditionFormat[];
  readonly initCount: number;
  readonly segmentCount: number;
};

/** Receives sessions that are over. The library stands below; it is passed in. */
export interface FinishedSessions {
  /** Makes the recording a video; safe to repeat for the same session. Never throws: what fails is recorded. */
  record(session: FinishedSession): Promise<void>;
}
