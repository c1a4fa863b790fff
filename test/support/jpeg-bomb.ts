/**
 * A JPEG of a few bytes that says it is this large: a decoder that believes it takes gigabytes.
 * Baseline, grey, with complete tables and one scan that ends at once.
 */
export function jpegHeaderOfSize(width: number, height: number): Buffer {
  const quantisation = Buffer.concat([Buffer.from('ffdb004300', 'hex'), Buffer.alloc(64, 16)]);
  const frame = Buffer.from('ffc0000b0800000000010111 00'.replace(' ', ''), 'hex');
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  const table = (id: number) =>
    Buffer.concat([Buffer.from([0xff, 0xc4, 0, 20, id, 1]), Buffer.alloc(15), Buffer.from([0])]);
  const scan = Buffer.from('ffda0008010100003f00', 'hex');
  return Buffer.concat([
    Buffer.from('ffd8', 'hex'),
    quantisation,
    frame,
    table(0x00),
    table(0x10),
    scan,
    Buffer.alloc(200),
    Buffer.from('ffd9', 'hex'),
  ]);
}
