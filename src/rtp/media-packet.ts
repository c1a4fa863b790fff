/**
 * A piece of a stream on its way through the server, in order and without what transports add: what a publisher's
 * packets become, and what viewers' packets are made of. The payload is shared by all who send it on: never written to.
 */
export type MediaPacket = {
  readonly kind: 'video' | 'audio';
  /**
   * Its place among the packets of its kind and layer, without wraps: one more than that of the packet before it. A
   * packet that never came leaves its number out, and after a loss numbers may begin anew anywhere.
   */
  readonly number: number;
  /**
   * The sender's RTP time of 90,000 (pictures) or 48,000 (sound) a second, unwrapped: it rises past 2^32. Even, but
   * each kind and each layer counts from a beginning of its own.
   */
  readonly ticks: number;
  /**
   * The same moment on the stream's clock, which sound, pictures and all layers share (as `MediaFrame.timeMicros`).
   * Before the first sender report it is a guess, later it is corrected in small steps against `ticks`: viewers are
   * sent `ticks`, and sender reports that say what they mean on this clock, so that they keep sound and picture in step.
   */
  readonly timeMicros: number;
  /** The last packet of a picture; of sound: speech begins. As RTP's marker bit. */
  readonly isMarked: boolean;
  /** The first packet of a key frame: a viewer may begin here. */
  readonly beginsKeyFrame: boolean;
  /** A packet before this one never came: until the next key frame there is nothing to decode. */
  readonly isAfterLoss: boolean;
  /** The simulcast layer, from 0 for the smallest; 0 without simulcast. */
  readonly layer: number;
  /** Empty where a packet has a place only. As in RTP: H.264 in the way of RFC 6184, VP8 of RFC 7741, Opus of RFC 7587. */
  readonly payload: Uint8Array;
};
