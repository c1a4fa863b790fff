/** What a VP8 frame's first bytes tell (RFC 6386, section 9.1); the size is of the coded picture, in pixels. */
export type Vp8Head = { readonly isKey: boolean; readonly width: number; readonly height: number };

/** Reads a frame's head; null when it is none. Width and height are 0 unless it is a key frame. */
export function readVp8Head(frame: Uint8Array): Vp8Head | null {
  if (frame.length < 3) return null;
  const isKey = ((frame[0] as number) & 1) === 0;
  if (!isKey) return { isKey, width: 0, height: 0 };
  const hasStartCode = frame[3] === 0x9d && frame[4] === 0x01 && frame[5] === 0x2a;
  if (frame.length < 10 || !hasStartCode) return null;
  // 14 bits of size, 2 of upscaling, which nobody heeds.
  const width = ((frame[6] as number) | ((frame[7] as number) << 8)) & 0x3fff;
  const height = ((frame[8] as number) | ((frame[9] as number) << 8)) & 0x3fff;
  return width > 0 && height > 0 ? { isKey, width, height } : null;
}
