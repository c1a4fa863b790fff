import { type CaptionLook, captionChoices } from './caption-look.ts';

/** How captions look on somebody else's picture, as the query of the page's address says. */
export type OverlayOptions = {
  readonly look: CaptionLook;
  /** CSS pixels. */
  readonly fontPx: number;
  /** A CSS colour. */
  readonly color: string;
};

const standardPx = 48;
const smallestPx = 12;
const largestPx = 200;

/**
 * Reads `?overlay&size=48&position=bottom&background=outline&color=ffffff`; undefined without `overlay`. What is
 * missing or makes no sense is as usual: a picture on air must not show an error.
 */
export function overlayOptions(query: URLSearchParams): OverlayOptions | undefined {
  if (!query.has('overlay') || query.get('overlay') === '0') return undefined;
  const wantedPx = Number(query.get('size') ?? standardPx);
  const fontPx = Math.min(largestPx, Math.max(smallestPx, wantedPx)) || standardPx;
  return {
    look: {
      isOn: true,
      size: 'medium',
      position: query.get('position') === 'top' ? 'top' : 'bottom',
      background: backgroundOf(query.get('background')),
    },
    fontPx,
    color: colorOf(query.get('color')),
  };
}

function backgroundOf(name: string | null): CaptionLook['background'] {
  const isKnown = name !== null && Object.hasOwn(captionChoices.background, name);
  return isKnown ? (name as CaptionLook['background']) : 'outline';
}

/** Hexadecimal with or without `#`, or a colour's name; anything else would be a way into the style. */
function colorOf(color: string | null): string {
  const hex = /^#?((?:[0-9a-f]{3}){1,2})$/i.exec(color ?? '')?.[1];
  if (hex !== undefined) return `#${hex}`;
  return /^[a-z]{3,20}$/i.test(color ?? '') ? (color as string) : '#fff';
}
