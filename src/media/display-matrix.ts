import { childBoxes, findBox } from './mp4-box.ts';

// The matrix in `tkhd` (ISO 14496-12, section 8.3.2), by version: behind times, layer, group and volume.
const matrixAt = [40, 52] as const;
const matrixBytes = 36;

/**
 * Gives the picture of `header` (the bytes of an initialization section) the display matrix of another file's: how players
 * turn it. `file`: the beginning of an MP4 with `moov` in front. Changes `header`; false when one of them has none.
 */
export function copyDisplayMatrix(file: Buffer, header: Buffer): boolean {
  const [from, to] = [matrixIn(file), matrixIn(header)];
  if (from === null || to === null) return false;
  from.copy(to);
  return true;
}

function matrixIn(bytes: Buffer): Buffer | null {
  const moov = findBox(bytes, 'moov');
  if (moov === null) return null;
  for (const { type, content } of childBoxes(moov)) {
    if (type !== 'trak' || findBox(content, 'mdia', 'hdlr')?.toString('latin1', 8, 12) !== 'vide') continue;
    const tkhd = findBox(content, 'tkhd');
    const at = tkhd === null ? 0 : (matrixAt[tkhd[0] === 1 ? 1 : 0] as number);
    if (tkhd === null || tkhd.length < at + matrixBytes) return null;
    return tkhd.subarray(at, at + matrixBytes);
  }
  return null;
}
