import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Quotas } from '../../accounts/quotas.ts';
import type { UsageStore } from '../../accounts/usage-store.ts';
import {
  accessAnswer,
  accountAnswer,
  changeAccountRequest,
  deleteAccountRequest,
  ownAccountAnswer,
} from '../../api/account.ts';
import { presentAccount } from '../account-presentation.ts';
import { askerOf, personOf } from '../asker.ts';
import { noLoginCookies } from '../login-cookies.ts';
import { problems } from '../problem-schema.ts';
import { type PublicAddress, publicUrlFor } from '../request-origin.ts';

const tags = ['accounts'];
const security = [{ accessToken: [] }, { loginCookie: [] }];
const securityOrKey = [...security, { apiKey: [] }];
const unreadable = [
  ...(['bad-request', 'validation-failed', 'cross-site-request', 'payload-too-large'] as const),
  ...(['unsupported-media-type'] as const),
] as const;

const getAccess = createRoute({
  method: 'get',
  path: '/api/v1/access',
  operationId: 'getAccess',
  tags,
  summary: 'What whoever asks may do here',
  description: 'For a page: whether an account is needed, and who is logged in.',
  security: [{}, ...securityOrKey],
  responses: {
    200: { description: 'So it is.', content: { 'application/json': { schema: accessAnswer } } },
    ...problems('unauthorized'),
  },
});

const getAccount = createRoute({
  method: 'get',
  path: '/api/v1/account',
  operationId: 'getAccount',
  tags,
  summary: "One's own account",
  description: 'With what it may use and what it uses.',
  security: securityOrKey,
  responses: {
    200: { description: 'The account.', content: { 'application/json': { schema: ownAccountAnswer } } },
    ...problems('unauthorized'),
  },
});

const changeAccount = createRoute({
  method: 'patch',
  path: '/api/v1/account',
  operationId: 'changeAccount',
  tags,
  summary: "Change one's own account",
  description:
    'Another e-mail address or password needs `currentPassword`; a new password ends all other logins.',
  security,
  request: { body: { required: true, content: { 'application/json': { schema: changeAccountRequest } } } },
  responses: {
    200: { description: 'The account.', content: { 'application/json': { schema: accountAnswer } } },
    ...problems(...unreadable, 'unauthorized', 'login-failed', 'forbidden', 'email-taken'),
    ...problems('too-many-requests', 'server-full'),
  },
});

const deleteAccount = createRoute({
  method: 'delete',
  path: '/api/v1/account',
  operationId: 'deleteAccount',
  tags,
  summary: "Delete one's own account and all its videos",
  description:
    'For good, and at once. A login that is older than a quarter of an hour has to send the password too.',
  security,
  request: { body: { content: { 'application/json': { schema: deleteAccountRequest } } } },
  responses: {
    204: { description: 'All is gone.' },
    ...problems(...unreadable, 'unauthorized', 'login-failed', 'forbidden'),
    ...problems('too-many-requests', 'server-full'),
  },
});

/** What these routes need of the accounts. */
export type AccountRouteParts = {
  readonly access: 'open' | 'accounts';
  readonly accounts: Pick<Accounts, 'own' | 'change' | 'delete'>;
  readonly quotas: Pick<Quotas, 'of'>;
  readonly usage: Pick<UsageStore, 'of'>;
};

/** Declares the routes of one's own account (docs/protocol.md, section 8). */
export function addAccountRoutes(
  app: OpenAPIHono,
  { access, accounts, quotas, usage }: AccountRouteParts,
  address: () => PublicAddress,
): void {
  app.openapi(getAccess, async c => {
    const asker = await askerOf(c);
    const account = asker.kind === 'person' ? presentAccount(await accounts.own(asker)) : null;
    c.header('Cache-Control', 'no-store');
    return c.json({ access, mayPublish: access === 'open' || account !== null, account }, 200);
  });

  app.openapi(getAccount, async c => {
    const person = await personOf(c);
    const account = presentAccount(await accounts.own(person));
    const { durationSeconds, sizeBytes, sessions } = await usage.of(person.accountId);
    const unlimited = { minutes: null, bytes: null, sessions: null };
    c.header('Cache-Control', 'no-store');
    return c.json(
      {
        ...account,
        quota: person.role === 'admin' ? unlimited : quotas.of(person.level),
        usage: { minutes: durationSeconds / 60, bytes: sizeBytes, sessions },
      },
      200,
    );
  });

  app.openapi(changeAccount, async c => {
    const account = await accounts.change(await personOf(c), c.req.valid('json'));
    c.header('Cache-Control', 'no-store');
    return c.json(presentAccount(account), 200);
  });

  app.openapi(deleteAccount, async c => {
    // A request without a body comes here unparsed.
    const { password } = deleteAccountRequest.parse(c.req.valid('json') ?? {});
    await accounts.delete(await personOf(c), password);
    const isSecure = publicUrlFor(c.req.raw.headers, address()).startsWith('https:');
    for (const cookie of noLoginCookies(isSecure)) c.header('Set-Cookie', cookie, { append: true });
    return c.body(null, 204);
  });
}
