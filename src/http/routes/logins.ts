import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Client, LoggedIn, Logins, LoginTokens } from '../../accounts/logins.ts';
import {
  logInRequest,
  loginAnswer,
  refreshAnswer,
  refreshRequest,
  signUpRequest,
} from '../../api/account.ts';
import { LivereelError } from '../../errors.ts';
import { presentAccount } from '../account-presentation.ts';
import { askerOf } from '../asker.ts';
import { cookieTokens, loginCookies, noLoginCookies } from '../login-cookies.ts';
import { problems } from '../problem-schema.ts';
import { clientAddressOf, type PublicAddress, publicUrlFor } from '../request-origin.ts';

const tags = ['accounts'];
const cookies = z.object({ 'Set-Cookie': z.string().meta({ description: 'The same for a page.' }) });
const login = {
  description: 'Logged in.',
  content: { 'application/json': { schema: loginAnswer } },
  headers: cookies,
};
const unreadable = problems('bad-request', 'validation-failed', 'cross-site-request', 'payload-too-large');
const busy = problems('too-many-requests', 'server-full');

const signUp = createRoute({
  method: 'post',
  path: '/api/v1/accounts',
  operationId: 'signUp',
  tags,
  summary: 'Sign up',
  description: 'Makes an account and logs in. Nobody is sent a mail.',
  security: [],
  request: { body: { required: true, content: { 'application/json': { schema: signUpRequest } } } },
  responses: {
    201: login,
    ...problems('bad-request', 'validation-failed', 'payload-too-large', 'unsupported-media-type'),
    ...problems('email-taken', 'cross-site-request', 'forbidden'),
    ...busy,
  },
});

const logIn = createRoute({
  method: 'post',
  path: '/api/v1/logins',
  operationId: 'logIn',
  tags,
  summary: 'Log in',
  description:
    'Tokens for scripts in the body, for pages in cookies that no script reads. Wrong log-ins are limited by address and by account.',
  security: [],
  request: { body: { required: true, content: { 'application/json': { schema: logInRequest } } } },
  responses: { 200: login, ...unreadable, ...problems('unsupported-media-type', 'login-failed'), ...busy },
});

const refresh = createRoute({
  method: 'post',
  path: '/api/v1/logins/refresh',
  operationId: 'refreshLogin',
  tags,
  summary: 'New tokens for a refresh token',
  description:
    'A refresh token is good once. One that comes a second time was perhaps copied: then the whole login ends. A page sends no body: its cookie holds the token, and its answer holds none.',
  security: [],
  request: { body: { content: { 'application/json': { schema: refreshRequest } } } },
  responses: {
    200: {
      description: 'New tokens.',
      content: { 'application/json': { schema: refreshAnswer } },
      // Where a cookie was sent.
      headers: cookies.partial(),
    },
    ...unreadable,
    ...problems('unsupported-media-type', 'unauthorized', 'refresh-token-reused'),
  },
});

const logOut = createRoute({
  method: 'delete',
  path: '/api/v1/logins/current',
  operationId: 'logOut',
  tags,
  summary: 'Log out',
  description: 'None of its tokens is good any more, at once.',
  security: [{ accessToken: [] }, { loginCookie: [] }],
  responses: { 204: { description: 'Logged out.' }, ...problems('unauthorized', 'cross-site-request') },
});

/** What these routes need of the accounts. */
export type LoginRouteParts = {
  readonly accounts: Pick<Accounts, 'signUp'>;
  readonly logins: Pick<Logins, 'logIn' | 'refresh' | 'end' | 'endBy'>;
};

/** Declares the routes of docs/protocol.md, section 8, by which people come in and go out. */
export function addLoginRoutes(
  app: OpenAPIHono,
  { accounts, logins }: LoginRouteParts,
  address: () => PublicAddress,
): void {
  app.openapi(signUp, async c => {
    const { email, password, name = email.split('@', 1)[0] as string } = c.req.valid('json');
    const loggedIn = await accounts.signUp({ email, password, name }, clientOf(c));
    keep(c, loggedIn.tokens, address());
    return c.json(answerOf(loggedIn), 201);
  });

  app.openapi(logIn, async c => {
    const { email, password } = c.req.valid('json');
    const loggedIn = await logins.logIn(email, password, clientOf(c));
    keep(c, loggedIn.tokens, address());
    return c.json(answerOf(loggedIn), 200);
  });

  app.openapi(refresh, async c => {
    // A request without a body comes here unparsed.
    const given = refreshRequest.parse(c.req.valid('json') ?? {}).refreshToken;
    const kept = cookieTokens(c.req.raw.headers, address()).refresh;
    const token = given ?? kept;
    if (token === undefined) {
      throw new LivereelError('unauthorized', 'Send {"refreshToken": "..."}, or log in.');
    }
    const loggedIn = await logins.refresh(token);
    if (kept === token) keep(c, loggedIn.tokens, address());
    c.header('Cache-Control', 'no-store');
    // A page's script never gets to see what its cookies hold: what broke into it could not carry it away.
    if (given !== undefined) return c.json(answerOf(loggedIn), 200);
    const { account, tokens } = loggedIn;
    return c.json({ account: presentAccount(account), expiresInSeconds: tokens.expiresInSeconds }, 200);
  });

  app.openapi(logOut, async c => {
    const asker = await askerOf(c);
    const { refresh: kept } = cookieTokens(c.req.raw.headers, address());
    if (asker.kind === 'person' && asker.login !== null) await logins.end(asker.login.id);
    else if (kept === undefined) {
      throw new LivereelError('unauthorized', 'Send the access token as "Authorization: Bearer ...".');
    }
    if (kept !== undefined) await logins.endBy(kept);
    for (const cookie of noLoginCookies(isSecure(c, address())))
      c.header('Set-Cookie', cookie, { append: true });
    return c.body(null, 204);
  });
}

function answerOf({ account, tokens: { accessToken, refreshToken, expiresInSeconds } }: LoggedIn) {
  return { account: presentAccount(account), accessToken, refreshToken, expiresInSeconds };
}

function keep(c: Context, tokens: LoginTokens, address: PublicAddress): void {
  c.header('Cache-Control', 'no-store');
  for (const cookie of loginCookies(tokens, isSecure(c, address)))
    c.header('Set-Cookie', cookie, { append: true });
}

function isSecure(c: Context, address: PublicAddress): boolean {
  return publicUrlFor(c.req.raw.headers, address).startsWith('https:');
}

function clientOf(c: Context): Client {
  const { headers } = c.req.raw;
  return { address: clientAddressOf(headers), userAgent: headers.get('user-agent') };
}
