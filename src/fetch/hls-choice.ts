import type { AudioListing, MasterListing, Variant } from './hls-playlist.ts';

/** More is shown on few screens and costs four times the room. */
const usefulShortSide = 1_080;

/** Codings that ffmpeg reads everywhere (RFC 6381); others only when there is nothing else. */
const readable = /^(avc[13]|hvc1|hev1|vp0?9|vp8|av01|mp4a|ac-3|ec-3|opus|Opus|fLaC|mp3|mp4v)(\.|$)/;

/**
 * The renditions of a multivariant playlist, the one to take first: what can be read, then an ordinary range of
 * brightness, then the largest picture up to 1080 lines, then H.264 (it is kept as it is), then the higher rate.
 * Those that would come to more than `maxBytes` in `durationSeconds` (null: not known) go behind the ones that do not.
 */
export function variantsByWorth(
  { variants }: MasterListing,
  room: { readonly maxBytes: number; readonly durationSeconds: number | null },
): Variant[] {
  const ranks = (variant: Variant): number[] => {
    const shortSide = Math.min(variant.width, variant.height);
    return [
      fits(variant, room) ? 1 : 0,
      variant.codecs.every(codec => readable.test(codec)) ? 1 : 0,
      variant.videoRange === 'SDR' ? 1 : 0,
      shortSide <= usefulShortSide ? shortSide : usefulShortSide - shortSide,
      variant.codecs.some(codec => codec.startsWith('avc')) ? 1 : 0,
      variant.averageBitsPerSecond ?? variant.bitsPerSecond,
    ];
  };
  const ranked = variants.map(variant => ({ variant, ranks: ranks(variant) }));
  return ranked.sort((one, other) => compared(other.ranks, one.ranks)).map(({ variant }) => variant);
}

/** The sound that belongs to a variant; undefined when it is in the variant's own segments. */
export function soundOf(master: MasterListing, variant: Variant): AudioListing | undefined {
  if (variant.audioGroup === null) return undefined;
  const group = master.audio.filter(audio => audio.group === variant.audioGroup);
  const chosen =
    group.find(audio => audio.isDefault) ?? group.find(audio => audio.isAutoselected) ?? group[0];
  return chosen?.uri == null ? undefined : chosen;
}

function fits(
  variant: Variant,
  { maxBytes, durationSeconds }: Parameters<typeof variantsByWorth>[1],
): boolean {
  if (durationSeconds === null) return true;
  return ((variant.averageBitsPerSecond ?? variant.bitsPerSecond) / 8) * durationSeconds <= maxBytes;
}

function compared(one: readonly number[], other: readonly number[]): number {
  for (const [index, rank] of one.entries()) {
    const difference = rank - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
