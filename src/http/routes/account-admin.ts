import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AccountStore } from '../../accounts/account-store.ts';
import {
  accountAnswer,
  accountPage,
  accountParams,
  listAccountsQuery,
  setAccountRequest,
} from '../../api/account.ts';
import { LivereelError } from '../../errors.ts';
import { readCursor, writeCursor } from '../../store/list-cursor.ts';
import { presentAccount } from '../account-presentation.ts';
import { personOf } from '../asker.ts';
import { problems } from '../problem-schema.ts';

const tags = ['accounts'];
// In the order of the ids alone.
const listName = 'accounts';
const security = [{ accessToken: [] }, { loginCookie: [] }, { apiKey: [] }];

const listAccounts = createRoute({
  method: 'get',
  path: '/api/v1/accounts',
  operationId: 'listAccounts',
  tags,
  summary: 'All accounts, for admins',
  description: 'In the order of their ids, a page at a time.',
  security,
  request: { query: listAccountsQuery },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: accountPage } } },
    ...problems('validation-failed', 'unauthorized', 'forbidden'),
  },
});

const setAccount = createRoute({
  method: 'patch',
  path: '/api/v1/accounts/{id}',
  operationId: 'setAccount',
  tags,
  summary: "Set an account's level or role, for admins",
  description: 'It holds from the next request on.',
  security,
  request: {
    params: accountParams,
    body: { required: true, content: { 'application/json': { schema: setAccountRequest } } },
  },
  responses: {
    200: { description: 'The account.', content: { 'application/json': { schema: accountAnswer } } },
    ...problems('bad-request', 'validation-failed', 'payload-too-large', 'unsupported-media-type'),
    ...problems('unauthorized', 'cross-site-request', 'forbidden', 'not-found'),
  },
});

/** Declares what admins do with accounts. */
export function addAccountAdminRoutes(app: OpenAPIHono, store: Pick<AccountStore, 'list' | 'update'>): void {
  app.openapi(listAccounts, async c => {
    await requireAdmin(c);
    const { limit, cursor } = c.req.valid('query');
    const after = cursor === undefined ? undefined : readCursor(listName, cursor, 'string').id;
    const found = await store.list(limit + 1, after);
    const items = found.slice(0, limit).map(presentAccount);
    const { id } = items.at(-1) ?? { id: '' };
    const nextCursor = found.length > limit ? writeCursor(listName, { key: '', id }) : null;
    c.header('Cache-Control', 'no-store');
    return c.json({ items, nextCursor }, 200);
  });

  app.openapi(setAccount, async c => {
    await requireAdmin(c);
    const { level, role } = c.req.valid('json');
    const changes = { ...(level !== undefined && { level }), ...(role !== undefined && { role }) };
    const account = await store.update(c.req.valid('param').id, changes);
    if (account === undefined) throw new LivereelError('not-found', 'There is no such account.');
    c.header('Cache-Control', 'no-store');
    return c.json(presentAccount(account), 200);
  });
}

async function requireAdmin(c: Context): Promise<void> {
  const { role } = await personOf(c);
  if (role !== 'admin') throw new LivereelError('forbidden', 'Only admins may do this.');
}
