import { type AvcParameterSets, nalUnits, pictureSizeOf } from '../media/avc.ts';

/** Width and height, pixels. */
export type PictureSize = { readonly width: number; readonly height: number };

const nalSps = 7;
const nalPps = 8;

/**
 * The size of pictures that bring along a coding which the header does not tell (H.264, section 7.3.2: other parameter
 * sets), as where two recordings were joined; null when the header is right. `picture`: the beginning of a key picture in
 * MP4 layout. Players that go by the header alone show such pictures wrong.
 */
export function otherCodingIn(
  picture: Buffer,
  told: AvcParameterSets,
  size: PictureSize,
): PictureSize | null {
  let isOther = false;
  let other = size;
  for (const nal of nalUnits(picture)) {
    const type = (nal[0] ?? 0) & 0x1f;
    // Parameter sets stand before the first slice (types 1 to 5).
    if (type >= 1 && type <= 5) break;
    if (type === nalSps && !told.sps.some(set => set.equals(nal))) {
      isOther = true;
      other = pictureSizeOf(nal) ?? size;
    }
    if (type === nalPps && !told.pps.some(set => set.equals(nal))) isOther = true;
  }
  return isOther ? other : null;
}
