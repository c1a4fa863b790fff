import type { RenditionFormat } from './rendition.ts';

/** What a recording is as a whole, of the headers it was published under; they differ when the picture or the tracks changed. */
export type RecordedFormat = {
  /** The largest picture: nothing of it is lost by what came before a sender found its bandwidth. 0 for sound alone. */
  readonly width: number;
  readonly height: number;
  /** Number of the first header that has all tracks: under another one, those it lacks could not be read. */
  readonly header: number;
  /** Nothing changed on the way. */
  readonly isOne: boolean;
};

/** Reads the headers of a recording, in order. */
export function recordedFormat(formats: readonly RenditionFormat[]): RecordedFormat {
  const [first] = formats;
  const largest = formats.reduce((most, format) => (areaOf(format) > areaOf(most) ? format : most), nothing);
  const trackCounts = formats.map(({ codecs }) => codecs.split(',').length);
  const isOne = formats.every(
    ({ width, height, codecs }) =>
      width === first?.width && height === first.height && codecs === first.codecs,
  );
  const header = Math.max(0, trackCounts.indexOf(Math.max(...trackCounts)));
  return { width: largest.width, height: largest.height, header, isOne };
}

const nothing: RenditionFormat = { codecs: '', width: 0, height: 0 };

function areaOf({ width, height }: RenditionFormat): number {
  return width * height;
}
