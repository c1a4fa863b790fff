import { findBox } from './mp4-box.ts';

/** As many bytes of a progressive MP4's beginning hold the head of its `moov`. */
export const movieHeadBytes = 65_536;

/** How long a progressive MP4 lasts, by its `mvhd` (ISO 14496-12, section 8.2.2); null when its head does not tell. */
export function movieDurationSeconds(head: Buffer): number | null {
  const moov = findBox(head, 'moov');
  return moov === null ? null : durationSecondsIn(moov);
}

/** The same of the content of a `moov` box. */
export function durationSecondsIn(moov: Buffer): number | null {
  const mvhd = findBox(moov, 'mvhd');
  if (mvhd === null || mvhd.length < 32) return null;
  const isLong = mvhd[0] === 1;
  const timescale = mvhd.readUInt32BE(isLong ? 20 : 12);
  const duration = isLong ? Number(mvhd.readBigUInt64BE(24)) : mvhd.readUInt32BE(16);
  return timescale === 0 ? null : duration / timescale;
}
