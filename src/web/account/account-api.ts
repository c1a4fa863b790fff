import type {
  AccessAnswer,
  AccountAnswer,
  ApiKeyAnswer,
  NewApiKeyAnswer,
  OwnAccountAnswer,
  RefreshAnswer,
} from '../../api/account.ts';
import { askServer as ask } from '../elements/server-api.ts';

export type { AccessAnswer, AccountAnswer, ApiKeyAnswer, NewApiKeyAnswer, OwnAccountAnswer };

/** How long a login is good before it has to be refreshed. */
export type Fresh = Pick<RefreshAnswer, 'account' | 'expiresInSeconds'>;

const account = '/api/v1/account';
const keys = `${account}/api-keys`;

/** What whoever has this page open may do here. */
export const readAccess = (): Promise<AccessAnswer> => ask('GET', '/api/v1/access');

/** Makes an account; the answer's cookies log this browser in. */
export const signUp = (wish: { email: string; password: string; name: string }): Promise<Fresh> =>
  ask('POST', '/api/v1/accounts', wish);

/** Logs this browser in. */
export const logIn = (wish: { email: string; password: string }): Promise<Fresh> =>
  ask('POST', '/api/v1/logins', wish);

/** Exchanges the cookies for new ones. */
export const refresh = (): Promise<Fresh> => ask('POST', '/api/v1/logins/refresh', {});

/** Logs this browser out. */
export const logOut = (): Promise<void> => ask('DELETE', '/api/v1/logins/current');

/** One's own account, with what it uses. */
export const readAccount = (): Promise<OwnAccountAnswer> => ask('GET', account);

/** Changes one's own account; see `changeAccountRequest`. */
export const changeAccount = (wish: object): Promise<AccountAnswer> => ask('PATCH', account, wish);

/** Deletes one's own account with everything in it. */
export const deleteAccount = (password: string): Promise<void> => ask('DELETE', account, { password });

/** One's own API keys. */
export const readKeys = (): Promise<{ items: ApiKeyAnswer[] }> => ask('GET', keys);

/** Makes an API key; its answer alone holds what opens. */
export const createKey = (name: string): Promise<NewApiKeyAnswer> => ask('POST', keys, { name });

/** Revokes an API key. */
export const revokeKey = (id: string): Promise<void> => ask('DELETE', `${keys}/${id}`);
