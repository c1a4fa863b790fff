import fc from 'fast-check';
import type { ContainerScanner, ContainerVisitor, MediaTracks } from '../../src/media/container.ts';

/** One thing that a scanner told, its name first. */
export type ScanEvent =
  | readonly ['started' | 'jumped' | 'damaged', number]
  | readonly ['tracks', MediaTracks, number]
  | readonly ['point', number, number, boolean]
  | readonly ['frames', number];

type ScannerClass = new (visitor: ContainerVisitor, offset: number) => ContainerScanner;

/** Runs a scanner over the pieces; what it told, in order, and how far it understood. */
export function scan(Scanner: ScannerClass, pieces: Iterable<Buffer>, offset = 0) {
  const events: ScanEvent[] = [];
  const visitor: ContainerVisitor = {
    streamStarted: at => events.push(['started', at]),
    tracksFound: (tracks, end) => events.push(['tracks', tracks, end]),
    safePoint: (at, timeMicros, isKey) => events.push(['point', at, Math.round(timeMicros), isKey]),
    clockJumped: at => events.push(['jumped', at]),
    videoFrames: count => events.push(['frames', count]),
    damaged: at => events.push(['damaged', at]),
  };
  const scanner = new Scanner(visitor, offset);
  for (const piece of pieces) {
    // As from the journal: the buffer is used again once it was read.
    const lent = Buffer.from(piece);
    scanner.push(lent);
    lent.fill(0xee);
  }
  return { events, scannedOffset: scanner.scannedOffset };
}

/** The events of one kind. */
export function ofKind<Kind extends ScanEvent[0]>(
  events: readonly ScanEvent[],
  kind: Kind,
): Extract<ScanEvent, readonly [Kind, ...unknown[]]>[] {
  return events.filter(event => event[0] === kind) as Extract<ScanEvent, readonly [Kind, ...unknown[]]>[];
}

/** Pictures that were counted. */
export function framesIn(events: readonly ScanEvent[]): number {
  return ofKind(events, 'frames').reduce((sum, [, count]) => sum + count, 0);
}

/** Pieces of the same length; the last is what is left. */
export function* piecesOf(bytes: Buffer, lengthBytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += lengthBytes) yield bytes.subarray(at, at + lengthBytes);
}

/** Any way to cut so many bytes: positions, in any order, some at the very edges of structures. */
export function anyCuts(lengthBytes: number): fc.Arbitrary<number[]> {
  const near = fc.integer({ min: 0, max: Math.min(600, lengthBytes) });
  return fc.array(fc.oneof(near, fc.integer({ min: 0, max: lengthBytes })), { maxLength: 40 });
}

/** The bytes in the pieces that these cuts make. */
export function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length].sort((left, right) => left - right)) {
    pieces.push(bytes.subarray(from, cut));
    from = cut;
  }
  return pieces;
}
