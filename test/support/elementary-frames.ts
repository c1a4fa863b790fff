/** The access units of an H.264 byte stream, which must begin with delimiters (x264's `aud=1`). */
export function accessUnits(stream: Buffer): Buffer[] {
  const delimiter = Buffer.from([0, 0, 0, 1, 9]);
  const units: Buffer[] = [];
  for (let at = stream.indexOf(delimiter); at !== -1; ) {
    const next = stream.indexOf(delimiter, at + 1);
    units.push(stream.subarray(at, next === -1 ? stream.length : next));
    at = next;
  }
  return units;
}

/** The frames of an IVF file: each behind 12 bytes of length and time, after a header of 32 bytes. */
export function ivfFrames(file: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 32; at + 12 <= file.length; ) {
    const end = at + 12 + file.readUInt32LE(at);
    frames.push(file.subarray(at + 12, end));
    at = end;
  }
  return frames;
}
