import { readBoxHead } from './mp4-box.ts';

/** The containers of files that can become videos. `mp4` is QuickTime too, `matroska` is WebM too, `asf` is WMV. */
export type FileContainer = 'mp4' | 'matroska' | 'mpegts' | 'avi' | 'asf' | 'flv';

/** As many bytes of a file's beginning tell its container. */
export const fileSniffBytes = 4_096;

// QuickTime and MP4 begin with any of these (ISO 14496-12, section 4.2; QuickTime File Format, "Movie atoms").
const firstBoxes = new Set(['ftyp', 'styp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot', 'sidx']);
const asfHeader = Buffer.from('3026b2758e66cf11a6d900aa0062ce6c', 'hex');
// ISO 13818-1: 188 bytes; with a time code before it (Blu-ray, AVCHD), or with Reed-Solomon bytes behind it.
const transportPacketBytes = [188, 192, 204];
const syncByte = 0x47;
const syncsNeeded = 3;

/**
 * Tells a file's container by its first bytes (`fileSniffBytes` of them, or all there are); null when it is none of
 * ours. Names and types that a client gives say nothing. A playlist, a script or a picture is never one of these.
 */
export function sniffFile(opening: Buffer): FileContainer | null {
  if (opening.length < 12) return null;
  if (opening.readUInt32BE(0) === 0x1a45dfa3) return 'matroska';
  if (opening.toString('latin1', 0, 4) === 'RIFF' && opening.toString('latin1', 8, 12) === 'AVI ')
    return 'avi';
  if (opening.subarray(0, asfHeader.length).equals(asfHeader)) return 'asf';
  if (opening.toString('latin1', 0, 3) === 'FLV' && opening[3] === 1) return 'flv';
  const head = readBoxHead(opening, 0);
  if (head !== null && head !== 'malformed' && firstBoxes.has(head.type)) return 'mp4';
  return isTransportStream(opening) ? 'mpegts' : null;
}

/** Recordings of broadcasts often begin in the middle of a packet. */
function isTransportStream(opening: Buffer): boolean {
  return transportPacketBytes.some(packetBytes => {
    for (let offset = 0; offset < packetBytes; offset += 1) {
      if (opening.length <= offset + (syncsNeeded - 1) * packetBytes) return false;
      // Few of so many bytes are in step by chance: where more are there, more are asked for.
      const reach = Math.floor((opening.length - 1 - offset) / packetBytes);
      if (isInStep(opening, offset, packetBytes, Math.min(reach, 8))) return true;
    }
    return false;
  });
}

function isInStep(bytes: Buffer, offset: number, packetBytes: number, packets: number): boolean {
  for (let packet = 0; packet <= packets; packet += 1) {
    if (bytes[offset + packet * packetBytes] !== syncByte) return false;
  }
  return true;
}
