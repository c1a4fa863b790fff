import { print } from '../measure.ts';
import { listing } from './listing.ts';
import { privateFile } from './private-file.ts';
import { uploadSpeed } from './upload-speed.ts';
import { uploadToReady } from './upload-to-ready.ts';

// One file a figure; each can be run alone.
const measures = [uploadSpeed, uploadToReady, listing, privateFile];

const figures: Record<string, number> = {};
const rounds: Record<string, readonly number[]> = {};
for (const measure of measures) {
  const found = await measure();
  Object.assign(figures, found.figures);
  Object.assign(rounds, found.rounds);
}
print({ bench: 'library', figures, rounds });
