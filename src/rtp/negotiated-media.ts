/** The codecs that go in and out by WebRTC. */
export type RtpCodec = 'H264' | 'VP8' | 'opus';

/** One m-section as both sides agreed on it; what every reader and writer of its packets needs to know. */
export type NegotiatedMedia = {
  readonly kind: 'video' | 'audio';
  readonly mid: string;
  readonly codec: RtpCodec;
  /** 90,000 for pictures, 48,000 for sound. */
  readonly clockHertz: number;
  readonly payloadType: number;
  /** Of retransmissions (RFC 4588); null where none were agreed on. */
  readonly rtxPayloadType: number | null;
  /** Ids of the header extensions (RFC 8285) that were agreed on; null where not. */
  readonly extensions: {
    readonly mid: number | null;
    readonly streamId: number | null;
    readonly repairedStreamId: number | null;
    readonly transportSequence: number | null;
  };
  /** Layers of simulcast (RFC 8853) by their restriction ids, as the offer lists them; empty without simulcast. */
  readonly streamIds: readonly string[];
  /** Sources that were announced: what repairs which. Empty where the offer has no `a=ssrc`. */
  readonly sources: readonly { readonly ssrc: number; readonly rtxSsrc: number | null }[];
};
