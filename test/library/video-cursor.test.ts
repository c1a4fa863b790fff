import fc from 'fast-check';
import t from 'tap';
import { readCursor, writeCursor } from '../../src/library/video-cursor.ts';

t.test('a cursor leads back to the place it was made for', async t => {
  const place = { createdAt: new Date('2026-01-01T12:00:00.123Z'), id: 'f3Kq9ZtA1bXy' };
  t.match(writeCursor(place), /^[0-9A-Za-z_-]+$/);
  t.strictSame(readCursor(writeCursor(place)), place);
});

t.test('what is no cursor is refused in words, whatever it is', async t => {
  t.throws(() => readCursor('page-2'), {
    code: 'validation-failed',
    facts: { errors: [{ path: 'cursor' }] },
  });
  fc.assert(
    fc.property(fc.string(), text => {
      try {
        return !Number.isNaN(readCursor(text).createdAt.getTime());
      } catch (error) {
        return (error as { code?: string }).code === 'validation-failed';
      }
    }),
  );
});
