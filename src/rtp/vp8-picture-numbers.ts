/**
 * How the numbers of VP8 pictures of one viewer differ from those of the source (RFC 7741, section 4.2): decoders take
 * a break in them, where a layer was changed, for a loss.
 */
export type PictureNumberShift = {
  /** Added to the picture id; of 15 bits, or 7 where the source uses 7. */
  readonly picture: number;
  /** Added to TL0PICIDX, of 8 bits. */
  readonly baseLayer: number;
};

/** The numbers of one picture; null where the payload has none. */
export type PictureNumbers = { readonly picture: number | null; readonly baseLayer: number | null };

const longPicture = 0x7fff;
const shortPicture = 0x7f;

/** The numbers that a packet's descriptor holds, at `at`. Never throws. */
export function pictureNumbersAt(bytes: Uint8Array, at: number): PictureNumbers {
  const extended = ((bytes[at] ?? 0) & 0x80) === 0 ? 0 : (bytes[at + 1] ?? 0);
  const hasPicture = (extended & 0x80) !== 0;
  const isLong = hasPicture && ((bytes[at + 2] ?? 0) & 0x80) !== 0;
  const baseLayerAt = at + 2 + (hasPicture ? (isLong ? 2 : 1) : 0);
  return {
    picture: hasPicture
      ? isLong
        ? (((bytes[at + 2] as number) << 8) | (bytes[at + 3] ?? 0)) & longPicture
        : (bytes[at + 2] as number)
      : null,
    baseLayer: (extended & 0x40) === 0 ? null : (bytes[baseLayerAt] ?? 0),
  };
}

/** Shifts the numbers of a descriptor in place. */
export function shiftPictureNumbers(bytes: Uint8Array, at: number, shift: PictureNumberShift): void {
  const extended = ((bytes[at] ?? 0) & 0x80) === 0 ? 0 : (bytes[at + 1] ?? 0);
  let next = at + 2;
  if ((extended & 0x80) !== 0) {
    const head = bytes[next] ?? 0;
    if ((head & 0x80) !== 0) {
      const picture = ((((head << 8) | (bytes[next + 1] ?? 0)) & longPicture) + shift.picture) & longPicture;
      bytes[next] = 0x80 | (picture >> 8);
      bytes[next + 1] = picture;
      next += 2;
    } else {
      bytes[next] = (head + shift.picture) & shortPicture;
      next += 1;
    }
  }
  if ((extended & 0x40) !== 0) bytes[next] = (bytes[next] ?? 0) + shift.baseLayer;
}
