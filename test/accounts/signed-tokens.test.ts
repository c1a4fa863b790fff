import { SignJWT, UnsecuredJWT } from 'jose';
import t from 'tap';
import { AuthSecret } from '../../src/accounts/auth-secret.ts';
import { isAccessToken, SignedTokens } from '../../src/accounts/signed-tokens.ts';

const secret = new AuthSecret('a secret of the server that is long enough');
const access = new SignedTokens(secret, 'access-token', 600);
const refresh = new SignedTokens(secret, 'refresh-token', 86_400);
const claims = { accountId: 'a7Kq9ZtA1bXy', loginId: 'l7Kq9ZtA1bXy', tokenId: 't7Kq9ZtA1bXy' };
const refused = { name: 'LivereelError', code: 'unauthorized' };

/** A token that is right but for what a test makes wrong. */
function forged({
  issuer = 'livereel',
  typ = 'at+jwt',
  alg = 'HS256',
  key = secret.key('access-token'),
} = {}) {
  return new SignJWT({ sid: claims.loginId })
    .setProtectedHeader({ alg, typ })
    .setIssuer(issuer)
    .setSubject(claims.accountId)
    .setJti(claims.tokenId)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(key);
}

t.test('what was signed is read back, and is known by its kind', async t => {
  const token = await access.sign(claims, new Date());
  t.same(await access.verify(token), claims);
  t.same(await access.verify(await forged()), claims, 'the forger of this test makes good ones too');
  t.ok(isAccessToken(token));
  t.notOk(isAccessToken(await refresh.sign(claims, new Date())));
  for (const text of ['', 'lrk_abc', 'a.b.c', '0123456789-abc']) t.notOk(isAccessToken(text), text);
});

t.test('one kind of token is worth nothing as another', async t => {
  await t.rejects(refresh.verify(await access.sign(claims, new Date())), refused);
  await t.rejects(access.verify(await refresh.sign(claims, new Date())), refused);
  await t.rejects(access.verify(await forged({ typ: 'livereel-refresh+jwt' })), refused, 'its type alone');
  await t.rejects(access.verify(await forged({ typ: 'JWT' })), refused);
  await t.rejects(
    access.verify(await forged({ key: secret.key('refresh-token') })),
    refused,
    'its key alone',
  );
});

t.test('tricks with the signature do not work', async t => {
  const none = new UnsecuredJWT({ sid: claims.loginId })
    .setIssuer('livereel')
    .setSubject('b7Kq9ZtA1bXy')
    .setJti(claims.tokenId)
    .setIssuedAt()
    .setExpirationTime('10m')
    .encode();
  const [, payload] = none.split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url');
  for (const token of [none, `${header}.${payload}.`, `${header}.${payload}`]) {
    await t.rejects(access.verify(token), refused, 'alg none');
  }
  const good = await forged();
  const [head, body, signature] = good.split('.') as [string, string, string];
  await t.rejects(access.verify(`${header}.${body}.${signature}`), refused, 'alg none over a good signature');
  await t.rejects(access.verify(`${head}.${payload}.${signature}`), refused, 'another payload');
  await t.rejects(access.verify(`${head}.${body}.${signature.slice(0, -2)}AA`), refused, 'another signature');
  await t.rejects(access.verify(await forged({ alg: 'HS512' })), refused, 'another algorithm');
  const others = new AuthSecret('the secret of another server, as long').key('access-token');
  await t.rejects(access.verify(await forged({ key: others })), refused, 'another key');
  await t.rejects(access.verify(await forged({ issuer: 'elsewhere' })), refused, 'another issuer');
});

t.test('a token is good until it expires', async t => {
  const now = Date.now();
  await t.resolves(access.verify(await access.sign(claims, new Date(now - 590_000))));
  const old = await access.sign(claims, new Date(now - 606_000));
  await t.rejects(access.verify(old), { ...refused, message: /has expired/ });
});
