import { LivereelError } from '../errors.ts';
import type { MediaFrame } from '../rtp/media-frame.ts';
import type { RtpCodec } from '../rtp/negotiated-media.ts';

/** A frame without its bytes, which are the body of its message. */
export type FrameHead = Omit<MediaFrame, 'bytes'>;

const codecs: readonly RtpCodec[] = ['H264', 'VP8', 'opus'];
const keyBit = 0x80;
const peerIdAt = 9;
const longestPeerId = 64;

/** How many bytes `writeFrameHead` writes. */
export function frameHeadBytes(peerId: string): number {
  return peerIdAt + peerId.length;
}

/**
 * Writes what the server is told of a publisher's frame: a byte for codec and key frame, its time as a double, and
 * whose it is. JSON cost as much as the rest of a frame's way.
 */
export function writeFrameHead(target: Buffer, at: number, peerId: string, frame: FrameHead): void {
  target[at] = codecs.indexOf(frame.codec) | (frame.isKey ? keyBit : 0);
  target.writeDoubleBE(frame.timeMicros, at + 1);
  target.write(peerId, at + peerIdAt, 'latin1');
}

/** Reads it; nothing is believed. @throws LivereelError `malformed-message`. */
export function readFrameHead(head: Uint8Array): { peerId: string; frame: FrameHead } {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length);
  const codec = codecs[(bytes[0] ?? 0xff) & ~keyBit];
  const timeMicros = bytes.length > peerIdAt ? bytes.readDoubleBE(1) : Number.NaN;
  if (codec === undefined || !Number.isFinite(timeMicros) || bytes.length > peerIdAt + longestPeerId) {
    throw new LivereelError('malformed-message', 'the WebRTC engine sent a frame whose head makes no sense');
  }
  const isKey = ((bytes[0] as number) & keyBit) !== 0;
  const kind = codec === 'opus' ? 'audio' : 'video';
  return { peerId: bytes.toString('latin1', peerIdAt), frame: { kind, codec, timeMicros, isKey } };
}
