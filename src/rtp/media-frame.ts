import type { RtpCodec } from './negotiated-media.ts';

/** One whole picture or one packet of sound, at its time: what the journal takes from WebRTC, and what other doors give to it. */
export type MediaFrame = {
  readonly kind: 'video' | 'audio';
  readonly codec: RtpCodec;
  /** On the stream's clock, the same for sound and pictures; rises, any beginning. */
  readonly timeMicros: number;
  /** Pictures: nothing before it is needed to decode it. Sound: always true. */
  readonly isKey: boolean;
  /** H.264: one access unit as Annex B, parameter sets before every key picture; VP8: one frame; Opus: one packet. */
  readonly bytes: Uint8Array;
};

/** A frame as it came out of its packets: `parts`, one after the other, are its bytes. They are views into packets. */
export type GatheredFrame = Omit<MediaFrame, 'bytes'> & {
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
};
