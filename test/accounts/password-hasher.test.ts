import t from 'tap';
import { currentCost, PasswordHasher } from '../../src/accounts/password-hasher.ts';

const cheap = { log2N: 10, r: 8, p: 1 };

t.test('a password is known by its hash, which tells how it was made', async t => {
  const hasher = new PasswordHasher(cheap);
  const stored = await hasher.hash('correct horse');
  t.match(stored, /^\$scrypt\$ln=10,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/);
  t.not(await hasher.hash('correct horse'), stored, 'salted');
  t.same(await hasher.check('correct horse', stored), { isRight: true, isOutdated: false });
  t.match(await hasher.check('correct horse ', stored), { isRight: false });
  t.match(await hasher.check('', stored), { isRight: false });
  t.match(await hasher.check('x', undefined), { isRight: false });
  t.match(await hasher.check('x', ''), { isRight: false }, 'of a deleted account');
});

t.test('the same letters are the same password, however they are typed', async t => {
  const hasher = new PasswordHasher(cheap);
  t.match(await hasher.check('e\u0301tude', await hasher.hash('\u00e9tude')), { isRight: true });
});

t.test('a hash that was made at a lower cost is right, and outdated', async t => {
  const stored = await new PasswordHasher(cheap).hash('correct horse');
  const dearer = new PasswordHasher({ ...cheap, log2N: 11 });
  t.same(await dearer.check('correct horse', stored), { isRight: true, isOutdated: true });
});

t.test('the cost is the one that OWASP names, and a storm of log-ins is cut off', async t => {
  t.same(currentCost, { log2N: 15, r: 8, p: 3 });
  const hasher = new PasswordHasher({ ...cheap, log2N: 12 });
  const tries = await Promise.allSettled(Array.from({ length: 80 }, () => hasher.check('x', undefined)));
  const refused = tries.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []));
  t.equal(refused.length, 16);
  t.match(refused[0], { code: 'server-full', facts: { retryAfterSeconds: 10 } });
  t.match(await hasher.check('x', undefined), { isRight: false }, 'and it goes on');
});
