import type { CaptionLook } from './caption-look.ts';

/** How large captions are, and how many letters fit into one of their rows. */
export type CaptionMeasure = { readonly fontPx: number; readonly rowLetters: number };

const scales: Record<CaptionLook['size'], number> = { small: 0.8, medium: 1, large: 1.35, huge: 1.8 };
// More than 42 letters a row are hard to take in at a glance, on a cinema screen too.
const longestRowLetters = 42;
// Of the typeface's usual text, semi-bold; so much of the width that wide letters have room.
const letterWidthEm = 0.54;
const usedWidth = 0.9;

/** For a picture of this size; a small one gets larger letters for its size. `size`: a choice, or CSS pixels. */
export function captionMeasure(
  picture: { readonly width: number; readonly height: number },
  size: CaptionLook['size'] | number,
): CaptionMeasure {
  const standardPx = Math.min(40, Math.max(15, Math.min(picture.height * 0.045, picture.width * 0.042)));
  const fontPx = typeof size === 'number' ? size : Math.round(standardPx * scales[size] * 10) / 10;
  const fitting = Math.floor((picture.width * usedWidth) / (fontPx * letterWidthEm));
  return { fontPx, rowLetters: Math.max(12, Math.min(longestRowLetters, fitting)) };
}
