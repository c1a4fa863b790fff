import type { VideoState } from '../api/session.ts';
import type { LivereelError } from '../errors.ts';
import type { CaptionWarning } from './caption-warnings.ts';

/** The connection that feeds a session; at most one at a time. */
export interface Publisher {
  /** `units` are safe now: bytes for chunks, frames for frames. */
  acknowledged(units: number): void;
  /** Something is not as it should be; the session goes on. */
  warned(warning: CaptionWarning): void;
  /** Another publisher took over. */
  superseded(): void;
  /** The session is over. */
  ended(state: VideoState): void;
  /** The session cannot go on. */
  failed(error: LivereelError): void;
}
