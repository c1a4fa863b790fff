import type { OpenAPIHono } from '@hono/zod-openapi';
import type { OpenedAccounts } from '../accounts/open-accounts.ts';
import type { Askers } from './asker.ts';
import type { PublicAddress } from './request-origin.ts';
import { addAccountRoutes } from './routes/account.ts';
import { addAccountAdminRoutes } from './routes/account-admin.ts';
import { addApiKeyRoutes } from './routes/api-keys.ts';
import { addLoginRoutes } from './routes/logins.ts';

/** What the API needs of the accounts. */
export type AccountApiParts = Pick<
  OpenedAccounts,
  'access' | 'accounts' | 'store' | 'logins' | 'apiKeys' | 'quotas' | 'usage'
>;

/** Who asks, and all that is known of people. */
export type PeopleParts = { readonly askers: Askers; readonly accounts: AccountApiParts };

/** Declares every route that is about people. */
export function addEveryAccountRoute(
  app: OpenAPIHono,
  parts: { readonly accounts: AccountApiParts; readonly publicAddress: () => PublicAddress },
): void {
  const { accounts, publicAddress } = parts;
  addLoginRoutes(app, accounts, publicAddress);
  addAccountRoutes(app, accounts, publicAddress);
  addApiKeyRoutes(app, accounts.apiKeys);
  addAccountAdminRoutes(app, accounts.store);
}
