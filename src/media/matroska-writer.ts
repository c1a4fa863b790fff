import { ebmlId, element, openElement, textElement, unsignedElement } from './ebml.ts';

/** A track of the stream to be written; sizes in pixels, 0 where not known. */
export type MatroskaTrack = {
  readonly number: number;
  readonly kind: 'video' | 'audio';
  readonly codecId: 'V_MJPEG' | 'V_MPEG4/ISO/AVC' | 'V_VP8' | 'A_OPUS';
  readonly width?: number;
  readonly height?: number;
  readonly codecPrivate?: Buffer;
  readonly sampleRateHertz?: number;
  readonly channels?: number;
};

/**
 * Writes timed frames as a live Matroska stream (RFC 9559). Every frame stands in a cluster of its own: a
 * reader may start at any of them, and a stream cut anywhere loses the cut frame only. It costs 20 bytes a frame.
 */
export class MatroskaWriter {
  readonly #tickNanos: number;

  /** `tickNanos`: the clock of the frames' times; 1,000,000 is a millisecond. */
  constructor(tickNanos: number) {
    this.#tickNanos = tickNanos;
  }

  /** The header: goes before the first frame, once a stream. */
  header(tracks: readonly MatroskaTrack[]): Buffer {
    const info = element(
      ebmlId.info,
      unsignedElement(ebmlId.timestampScale, this.#tickNanos),
      textElement(ebmlId.muxingApp, 'livereel'),
      textElement(ebmlId.writingApp, 'livereel'),
    );
    return Buffer.concat([
      ebmlHeader,
      openElement(ebmlId.segment),
      info,
      element(ebmlId.tracks, ...tracks.map(trackEntry)),
    ]);
  }

  /**
   * What goes before one frame's `frameBytes` bytes, so that the frame itself need not be copied.
   * `ticks`: its time on the clock, not negative; times must rise from frame to frame of a track.
   */
  frameHead(trackNumber: number, ticks: number, isKey: boolean, frameBytes: number): Buffer {
    const timestamp = unsignedElement(ebmlId.timestamp, ticks);
    const blockHead = Buffer.from([0x80 | trackNumber, 0, 0, isKey ? 0x80 : 0]);
    const blockBytes = blockHead.length + frameBytes;
    const block = elementHead(ebmlId.simpleBlock, blockBytes);
    const cluster = elementHead(ebmlId.cluster, timestamp.length + block.length + blockBytes);
    return Buffer.concat([cluster, timestamp, block, blockHead]);
  }
}

const ebmlHeader = element(
  ebmlId.ebml,
  unsignedElement(0x4286, 1), // EBMLVersion
  unsignedElement(0x42f7, 1), // EBMLReadVersion
  unsignedElement(0x42f2, 4), // EBMLMaxIDLength
  unsignedElement(0x42f3, 8), // EBMLMaxSizeLength
  textElement(0x4282, 'matroska'), // DocType
  unsignedElement(0x4287, 4), // DocTypeVersion
  unsignedElement(0x4285, 2), // DocTypeReadVersion
);

function trackEntry(track: MatroskaTrack): Buffer {
  const fields = [
    unsignedElement(ebmlId.trackNumber, track.number),
    unsignedElement(ebmlId.trackUid, track.number),
    unsignedElement(ebmlId.trackType, track.kind === 'video' ? 1 : 2),
    unsignedElement(ebmlId.flagLacing, 0),
    textElement(ebmlId.codecId, track.codecId),
  ];
  if (track.codecPrivate !== undefined) fields.push(element(ebmlId.codecPrivate, track.codecPrivate));
  if (track.kind === 'video') {
    const size = [
      unsignedElement(ebmlId.pixelWidth, track.width ?? 0),
      unsignedElement(ebmlId.pixelHeight, track.height ?? 0),
    ];
    fields.push(element(ebmlId.video, ...size));
  } else {
    const rate = Buffer.alloc(8);
    rate.writeDoubleBE(track.sampleRateHertz ?? 48_000);
    const channels = unsignedElement(ebmlId.channels, track.channels ?? 2);
    fields.push(element(ebmlId.audio, element(ebmlId.samplingFrequency, rate), channels));
  }
  return element(ebmlId.trackEntry, ...fields);
}

function elementHead(id: number, sizeBytes: number): Buffer {
  // Eight bytes of size always: the head's length must not depend on what it holds.
  const head = openElement(id);
  head.writeBigUInt64BE(BigInt(sizeBytes) | (1n << 56n), head.length - 8);
  return head;
}
