import fc from 'fast-check';
import t from 'tap';
import { HeldBytes } from '../../src/media/held-bytes.ts';
import { holds } from './property.ts';

t.test('what is added comes out in order, whatever is done with the pieces after', async t => {
  const steps = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 50 }).map(bytes => ({ bytes })),
      fc.nat(70).map(length => ({ length })),
    ),
    { maxLength: 60 },
  );
  holds(
    t,
    fc.property(steps, all => {
      const held = new HeldBytes();
      let expected = Buffer.alloc(0);
      for (const step of all) {
        if ('bytes' in step) {
          const lent = Buffer.from(step.bytes);
          held.add(lent);
          expected = Buffer.concat([expected, step.bytes]);
          held.keep();
          lent.fill(0xee);
        } else {
          const taken = held.take(step.length);
          if (!taken.equals(expected.subarray(0, step.length))) return false;
          expected = expected.subarray(step.length);
          held.keep();
        }
        if (!held.bytes.equals(expected) || held.length !== expected.length) return false;
      }
      return true;
    }),
    1_000,
  );
});
