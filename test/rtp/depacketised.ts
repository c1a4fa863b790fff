import type { Depacketiser, PacketRole, Picture } from '../../src/rtp/depacketiser.ts';

/** Bytes by their hexadecimal digits; spaces are for the eye. */
export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replace(/\s/g, ''), 'hex');
}

/** A packet in order, its payload in hexadecimal; or a place where one never came. */
export type Sent = {
  readonly at: number;
  readonly payload: string;
  readonly isMarked?: boolean;
  readonly isLost?: boolean;
};

/** What becomes of packets: whole pictures as `K` or `P`, their time and their bytes, and each packet's role. */
export function depacketised(
  make: (complete: (picture: Picture) => void) => Depacketiser,
  sent: readonly Sent[],
) {
  const pictures: string[] = [];
  const roles: PacketRole[] = [];
  const depacketiser = make(({ isKey, timestamp, parts, sizeBytes }) => {
    const bytes = Buffer.concat(parts);
    if (bytes.length !== sizeBytes) throw new Error('a wrong size');
    pictures.push(`${isKey ? 'K' : 'P'}${timestamp} ${bytes.toString('hex')}`);
  });
  let isAfterLoss = false;
  for (const { at, payload, isMarked = false, isLost = false } of sent) {
    if (isLost) {
      isAfterLoss = true;
      continue;
    }
    const head = { payloadType: 96, sequence: 0, ssrc: 1, extensions: null };
    roles.push(
      depacketiser.push({ ...head, isMarked, timestamp: at, payload: bytesOf(payload) }, isAfterLoss),
    );
    isAfterLoss = false;
  }
  return { pictures, roles, depacketiser };
}
