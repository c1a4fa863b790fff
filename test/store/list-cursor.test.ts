import fc from 'fast-check';
import t from 'tap';
import { readCursor, writeCursor } from '../../src/store/list-cursor.ts';

const id = 'f3Kq9ZtA1bXy';

t.test('a cursor leads back to the place it was made for', async t => {
  for (const [key, kind] of [
    ['äpfel 0000000002', 'string'],
    [12.345, 'number'],
    [Date.parse('2026-01-01T12:00:00.123Z'), 'integer'],
  ] as const) {
    const cursor = writeCursor('newest', { key, id });
    t.match(cursor, /^[0-9A-Za-z_-]+$/);
    t.strictSame(readCursor('newest', cursor, kind), { key, id });
  }
});

t.test('in another list it is refused, and so is a value of another kind', async t => {
  const cursor = writeCursor('newest', { key: 1.5, id });
  t.throws(() => readCursor('oldest', cursor, 'number'), {
    code: 'validation-failed',
    message: /another order/,
  });
  for (const kind of ['string', 'integer'] as const) {
    t.throws(() => readCursor('newest', cursor, kind), {
      code: 'validation-failed',
      message: /not one of ours/,
    });
  }
});

t.test('what is no cursor is refused in words, whatever it is', async t => {
  const refused = { code: 'validation-failed', facts: { errors: [{ path: 'cursor' }] } };
  t.throws(() => readCursor('newest', 'page-2', 'number'), refused);
  const digest = (
    JSON.parse(Buffer.from(writeCursor('l', { key: 1, id }), 'base64url').toString()) as string[]
  )[1];
  const forged = fc.oneof(
    fc.string(),
    fc.tuple(fc.constant(1), fc.constant(digest), fc.anything(), fc.anything()).map(value => {
      try {
        return Buffer.from(JSON.stringify(value) ?? '').toString('base64url');
      } catch {
        return '';
      }
    }),
  );
  fc.assert(
    fc.property(forged, text => {
      try {
        const { key } = readCursor('l', text, 'integer');
        return Number.isSafeInteger(key);
      } catch (error) {
        return (error as { code?: string }).code === 'validation-failed';
      }
    }),
  );
});
