import type { CodecCapability, TransceiverLike } from './peer-connection-class.ts';
import { videoBitsPerSecond } from './recorder-types.ts';

/** One entry of `sendEncodings`. */
export type Encoding = {
  readonly rid?: string;
  readonly scaleResolutionDownBy?: number;
  readonly maxBitrate: number;
};

/** Of the picture that is sent: pixels, and frames a second. */
export type SentPicture = { readonly width: number; readonly height: number; readonly frameRate: number };

// A layer is a picture of its own to encode: small ones are nearly free, and a screen full of them is not.
const simulcastFromLines = 720;
const threeLayersFromLines = 1_080;

/**
 * How a picture is sent: from 720 lines on in several sizes, the smallest first, so that the server can give those
 * with a narrow line a small one; below that in one.
 */
export function videoEncodings({ width, height, frameRate }: SentPicture): Encoding[] {
  const bits = (scale: number) => videoBitsPerSecond(width / scale, height / scale, frameRate);
  const lines = Math.min(width, height);
  if (lines < simulcastFromLines) return [{ maxBitrate: bits(1) }];
  const scales = lines < threeLayersFromLines ? [2, 1] : [4, 2, 1];
  return scales.map((scale, index) => ({
    rid: `${index}`,
    scaleResolutionDownBy: scale,
    maxBitrate: bits(scale),
  }));
}

/**
 * The codecs to offer, best first: H.264 as every decoder knows it (it passes through the server untouched), any
 * other H.264, VP8; and what repairs losses. The rest is left out: the server would not take it.
 */
export function preferredCodecs<T extends CodecCapability>(known: readonly T[]): T[] {
  const rank = ({ mimeType, sdpFmtpLine = '' }: CodecCapability): number => {
    const name = mimeType.toLowerCase();
    if (name === 'video/h264') {
      if (!sdpFmtpLine.includes('packetization-mode=1')) return 2;
      return /profile-level-id=42[ce]0/i.test(sdpFmtpLine) ? 0 : 1;
    }
    if (name === 'video/vp8') return 3;
    return name === 'video/rtx' ? 4 : Number.POSITIVE_INFINITY;
  };
  return known.filter(codec => rank(codec) < 5).sort((one, other) => rank(one) - rank(other));
}

/** Puts `preferredCodecs` in effect where the browser lets a page choose. */
export function preferCodecs(transceiver: TransceiverLike): void {
  type SenderClass = { getCapabilities?(kind: string): { codecs: CodecCapability[] } | null };
  const { RTCRtpSender } = globalThis as { RTCRtpSender?: SenderClass };
  const codecs = preferredCodecs(RTCRtpSender?.getCapabilities?.('video')?.codecs ?? []);
  if (codecs.length > 0) transceiver.setCodecPreferences?.(codecs as never);
}
