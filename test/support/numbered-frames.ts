import sharp from 'sharp';
import { readGreyFrames } from './grey-frames.ts';

/** The picture is a grid of large black and white cells: rows 0 to 2 carry 24 bits, row 3 is the flash. */
export const gridColumns = 8;
/** Rows of the grid; the last is all white in a frame that flashes. */
export const gridRows = 4;
const numberBits = 20;

/** The largest number a frame can carry. */
export const largestFrameNumber = 2 ** numberBits - 1;

/** A frame as it came out: its number (null: unreadable), its time in the file's own clock, flash or not. */
export type ReadFrame = {
  readonly number: number | null;
  readonly ptsSeconds: number;
  readonly flash: boolean;
};

/** Four check bits over all twenty: one damaged cell never gives a valid number. */
function checkBits(number: number): number {
  let check = 0b1001;
  for (let bit = 0; bit < numberBits; bit += 4) check ^= ((number >> bit) & 15) * ((bit / 4) % 2 ? 7 : 1);
  return check & 15;
}

/** The frame as `gridColumns` x `gridRows` grey bytes, one a cell; to be scaled up without smoothing. */
export function frameCells(number: number, flash = false): Uint8Array {
  if (!Number.isInteger(number) || number < 0 || number > largestFrameNumber) {
    throw new RangeError(`a frame number is 0 to ${largestFrameNumber}, not ${number}`);
  }
  const bits = number * 16 + checkBits(number);
  const cells = new Uint8Array(gridColumns * gridRows);
  for (let bit = 0; bit < 24; bit += 1) cells[bit] = (bits >>> (23 - bit)) & 1 ? 255 : 0;
  if (flash) cells.fill(255, 24);
  return cells;
}

/** The number that the grey cells carry, or null when a cell is neither black nor white or the check fails. */
export function readCells(cells: Uint8Array): { number: number | null; flash: boolean } {
  let bits = 0;
  let clear = true;
  for (let bit = 0; bit < 24; bit += 1) {
    const grey = cells[bit] ?? 128;
    if (grey > 88 && grey < 168) clear = false;
    bits = bits * 2 + (grey >= 128 ? 1 : 0);
  }
  const number = Math.floor(bits / 16);
  const flashMean = cells.subarray(24, 32).reduce((sum, grey) => sum + grey, 0) / 8;
  return { number: clear && checkBits(number) === bits % 16 ? number : null, flash: flashMean >= 128 };
}

/** One JPEG that carries its number; sides in pixels. */
export async function numberedJpeg(
  number: number,
  size: { readonly width: number; readonly height: number } = { width: 640, height: 360 },
  flash = false,
): Promise<Buffer> {
  return await sharp(frameCells(number, flash), {
    raw: { width: gridColumns, height: gridRows, channels: 1 },
  })
    .resize(size.width, size.height, { kernel: 'nearest', fit: 'fill' })
    .toColourspace('srgb')
    .jpeg({ quality: 80 })
    .toBuffer();
}

/** JPEGs numbered from `first` on, `count` of them. */
export async function numberedJpegs(
  count: number,
  first = 0,
  size?: { readonly width: number; readonly height: number },
): Promise<Buffer[]> {
  return await Promise.all(Array.from({ length: count }, (_, index) => numberedJpeg(first + index, size)));
}

/** How to read. */
export type ReadOptions = {
  /** True: decoding errors are no error of the reader. */
  readonly lenient?: boolean;
  /** Arguments of ffmpeg's crop filter, where the picture is framed by black bars. */
  readonly crop?: string;
};

/**
 * Decodes a video (a file, or an address that ffmpeg reads) and reads every frame's number and time.
 * Frames come in the order of presentation, none dropped or doubled by the reader.
 * @throws Error when ffmpeg fails or reports any decoding error, unless `lenient`.
 */
export async function readFrameNumbers(file: string, options: ReadOptions = {}): Promise<ReadFrame[]> {
  const crop = options.crop ? `crop=${options.crop},` : '';
  const scale = `${crop}scale=${gridColumns}:${gridRows}:flags=area`;
  const frames = await readGreyFrames(file, scale, gridColumns * gridRows, options);
  return frames.map(({ pixels, ptsSeconds }) => ({ ...readCells(pixels), ptsSeconds }));
}

/** What is wrong with a list of frames that should be `first, first + 1, ... last`, each once, in order. */
export function frameSequenceFaults(
  frames: readonly ReadFrame[],
  expected: { readonly first: number; readonly count: number },
): string[] {
  const faults: string[] = [];
  const seen = new Map<number, number>();
  let previous = -1;
  for (const [position, { number }] of frames.entries()) {
    if (number === null) {
      faults.push(`frame at position ${position} is unreadable`);
      continue;
    }
    const earlier = seen.get(number);
    if (earlier !== undefined) faults.push(`number ${number} at positions ${earlier} and ${position}`);
    else if (number < previous) faults.push(`number ${number} after ${previous}`);
    seen.set(number, position);
    previous = Math.max(previous, number);
  }
  for (let number = expected.first; number < expected.first + expected.count; number += 1) {
    if (!seen.has(number)) faults.push(`number ${number} is missing`);
  }
  for (const number of seen.keys()) {
    if (number < expected.first || number >= expected.first + expected.count) {
      faults.push(`number ${number} was never sent`);
    }
  }
  return faults;
}
