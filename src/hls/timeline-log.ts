import type { ContainerKind, MediaTracks } from '../media/container.ts';
import type { AudioChannels } from '../media/media-sample.ts';
import type { RenditionFormat } from './rendition.ts';

/**
 * What a rendition is made of, line by line: enough to go on after a crash exactly where viewers were left.
 * A part's line is written after its bytes and before anyone can see it.
 */
export type TimelineEntry =
  | {
      readonly type: 'run';
      readonly run: number;
      /** The stream's header in the journal: from here, up to where its media begins. */
      readonly headerStart: number;
      readonly headerEnd: number;
      /** Where this run's media begins in the journal. */
      readonly mediaStart: number;
      /** Pictures of the journal before it. */
      readonly framesBefore: number;
      readonly container: ContainerKind;
      readonly tracks: MediaTracks;
      /** On the media timeline, where the run begins. */
      readonly startSeconds: number;
      readonly startedAtMillis: number;
    }
  /** Media time less the stream's own: known at a run's first sample. */
  | { readonly type: 'clock'; readonly run: number; readonly offsetSeconds: number }
  /** A decoder may be fed from `offset` on; `frames` pictures of the whole journal lie before it. */
  | { readonly type: 'point'; readonly offset: number; readonly timeSeconds: number; readonly frames: number }
  | {
      readonly type: 'init';
      readonly init: number;
      readonly format: RenditionFormat;
      /** Parameter sets as hexadecimal text. */
      readonly video: {
        readonly timescale: number;
        readonly sps: readonly string[];
        readonly pps: readonly string[];
      } | null;
      readonly audioChannels: AudioChannels;
    }
  | {
      readonly type: 'segment';
      readonly segment: number;
      readonly init: number;
      readonly isDiscontinuity: boolean;
      readonly startedAtMillis: number;
    }
  | {
      readonly type: 'part';
      readonly durationSeconds: number;
      readonly isIndependent: boolean;
      readonly sizeBytes: number;
      readonly partTargetSeconds: number;
      readonly endSeconds: number;
      readonly isLast: boolean;
      readonly video: { readonly decodeTime: number; readonly presentationTime: number } | null;
      readonly run: number;
      readonly audioEndTicks: number;
      readonly frames: number;
    }
  /** The open segment ended without a part of its own. */
  | { readonly type: 'close' }
  /** The journal ended: pictures in it, and how often its bytes made no sense. */
  | { readonly type: 'end'; readonly journalFrames: number; readonly damages: number };
