import { readFile } from 'node:fs/promises';
import type { RecorderChunk } from './recorder-chunks.ts';

/** A recording by Chromium's MediaRecorder (test/fixtures/README.md): its chunks as and when they came, and its type. */
export async function chromiumRecording(
  file: 'chromium-h264.webm' | 'chromium-vp8.webm' | 'chromium-vp9.mp4',
): Promise<{ bytes: Buffer; chunks: RecorderChunk[]; mimeType: string; path: string }> {
  const path = new URL(`../fixtures/${file}`, import.meta.url);
  const bytes = await readFile(path);
  const log = await readFile(new URL(file.replace(/\.\w+$/, '.json'), path), 'utf8');
  const { type, chunks } = JSON.parse(log) as { type: string; chunks: [millis: number, sizeBytes: number][] };
  let begin = 0;
  const cut = chunks.map(([millis, sizeBytes]) => {
    const chunk = { bytes: bytes.subarray(begin, begin + sizeBytes), atSeconds: millis / 1_000 };
    begin += sizeBytes;
    return chunk;
  });
  if (begin !== bytes.length) throw new Error(`${file} has ${bytes.length} bytes, its chunks ${begin}`);
  return { bytes, chunks: cut, mimeType: type, path: path.pathname };
}
