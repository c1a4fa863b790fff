import fc from 'fast-check';
import t from 'tap';
import { ElementReader } from '../../src/media/element-reader.ts';
import { holds } from './property.ts';
import { anyCuts, cutAt, piecesOf } from './scanned-stream.ts';

/** Elements of a length byte and so much content; those of even length are passed over. */
function contentsRead(pieces: Iterable<Buffer>) {
  const contents: string[] = [];
  let calls = 0;
  const reader: ElementReader = new ElementReader(100, data => {
    calls += 1;
    const [length] = data;
    if (length === undefined) return 0;
    if (length % 2 === 0) {
      reader.skip(length);
      return 1;
    }
    if (data.length < 1 + length) return reader.need(1 + length);
    contents.push(`${reader.offset}:${data.toString('latin1', 1, 1 + length)}`);
    return 1 + length;
  });
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    reader.push(lent);
    lent.fill(0xee);
  }
  return { contents, calls, offset: reader.offset };
}

t.test('it makes no difference into what pieces a stream is cut', async t => {
  const stream = fc
    .array(fc.uint8Array({ maxLength: 60 }), { maxLength: 30 })
    .map(elements => Buffer.concat(elements.flatMap(content => [Buffer.from([content.length]), content])));
  const cases = stream.chain(bytes => fc.tuple(fc.constant(bytes), anyCuts(bytes.length)));
  holds(
    t,
    fc.property(cases, ([bytes, cuts]) => {
      const whole = contentsRead([bytes]);
      const split = contentsRead(cutAt(bytes, cuts));
      return (
        whole.offset === 100 + bytes.length &&
        split.offset === whole.offset &&
        `${split.contents}` === `${whole.contents}`
      );
    }),
    500,
  );
});

t.test('a large element that comes byte by byte is looked at once it is there', async t => {
  const bytes = Buffer.concat([
    Buffer.from([251]),
    Buffer.alloc(251, 'x'),
    Buffer.from([2, 0, 0, 3]),
    Buffer.from('abc'),
  ]);
  const { contents, calls } = contentsRead(piecesOf(bytes, 1));
  t.same(contents, [`100:${'x'.repeat(251)}`, '355:abc']);
  t.ok(calls < 12, `${calls} looks`);
});
