import { z } from 'zod';
import { pageLimit } from './page-limit.ts';

/** What an account may use of the server (docs/accounts.md): each level carries quotas. */
export const levels = ['free', 'pro', 'pro-plus'] as const;
export type Level = (typeof levels)[number];

/** `admin`: sees and changes everything, and sets the levels of others. */
export const roles = ['user', 'admin'] as const;
export type Role = (typeof roles)[number];

const accountId = z.string().regex(/^[0-9A-Za-z]{12}$/, 'an id is 12 letters and digits');

/** One person a mailbox, however it is typed: kept in lower case. */
const email = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s@\p{Cc}]{1,64}@[^\s@\p{Cc}]{1,190}$/u, 'an e-mail address')
  .transform(address => address.normalize('NFC').toLowerCase());

/** Any characters; length is what counts (NIST SP 800-63B, section 5.1.1.2). */
const newPassword = z.string().min(8, 'at least 8 characters').max(1_000, 'at most 1000 characters');
const givenPassword = z.string().max(1_000);

/** What is shown of a person. */
const personName = z
  .string()
  .regex(/^\P{Cc}*$/u, 'one line of text, without control characters')
  .trim()
  .min(1, 'a name')
  .max(100);

const exampleEmail = 'ada@example.com';
const examplePassword = 'correct horse battery staple';
const exampleAccount = {
  id: 'a7Kq9ZtA1bXy',
  email: exampleEmail,
  name: 'Ada',
  level: 'free',
  role: 'user',
  createdAt: '2026-01-01T12:00:00.000Z',
};
const exampleTokens = { accessToken: 'eyJh…', refreshToken: 'eyJh…', expiresInSeconds: 600 };

/** Body of `POST /api/v1/accounts`. Without a name it is what stands before the @. */
export const signUpRequest = z
  .object({ email, password: newPassword, name: personName.optional() })
  .strict()
  .meta({ id: 'SignUp', examples: [{ email: exampleEmail, password: examplePassword, name: 'Ada' }] });

/** Body of `POST /api/v1/logins`. */
export const logInRequest = z
  .object({ email, password: givenPassword })
  .strict()
  .meta({ id: 'LogIn', examples: [{ email: exampleEmail, password: examplePassword }] });

/** Body of `POST /api/v1/logins/refresh`; a page sends none, its cookie holds the token. */
export const refreshRequest = z
  .object({ refreshToken: z.string().max(4_096).optional() })
  .strict()
  .meta({ id: 'Refresh', examples: [{ refreshToken: 'eyJh…' }] });

/** An account, as its owner and admins see it. */
export const accountAnswer = z
  .object({
    id: accountId,
    email: z.string(),
    name: z.string(),
    level: z.enum(levels),
    role: z.enum(roles),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Account', examples: [exampleAccount] });
export type AccountAnswer = z.infer<typeof accountAnswer>;

/** Answer `201` of `POST /api/v1/accounts` and `200` of `POST /api/v1/logins`. */
export const loginAnswer = z
  .object({
    account: accountAnswer,
    accessToken: z.string(),
    refreshToken: z.string(),
    expiresInSeconds: z.number().int().meta({ description: 'How long the access token is good.' }),
  })
  .meta({ id: 'Login', examples: [{ account: exampleAccount, ...exampleTokens }] });
export type LoginAnswer = z.infer<typeof loginAnswer>;

/** Answer of `POST /api/v1/logins/refresh`: tokens for whom sent one, cookies for whom sent a cookie. */
export const refreshAnswer = z
  .object({
    account: accountAnswer,
    accessToken: z.string().optional(),
    refreshToken: z.string().optional(),
    expiresInSeconds: z.number().int(),
  })
  .meta({ id: 'Refreshed', examples: [{ account: exampleAccount, ...exampleTokens }] });
export type RefreshAnswer = z.infer<typeof refreshAnswer>;

const amount = z.number().nullable();

/** Answer of `GET /api/v1/account`. `quota`: null where there is no limit. */
export const ownAccountAnswer = accountAnswer
  .extend({
    quota: z.object({ minutes: amount, bytes: amount, sessions: amount }),
    usage: z.object({ minutes: z.number(), bytes: z.number(), sessions: z.number() }),
  })
  .meta({
    id: 'OwnAccount',
    examples: [
      {
        ...exampleAccount,
        quota: { minutes: 600, bytes: 10_737_418_240, sessions: 2 },
        usage: { minutes: 12.5, bytes: 48_213_004, sessions: 0 },
      },
    ],
  });
export type OwnAccountAnswer = z.infer<typeof ownAccountAnswer>;

/** Body of `PATCH /api/v1/account`: what is left out stays. E-mail address and password need the present password. */
export const changeAccountRequest = z
  .object({
    name: personName.optional(),
    email: email.optional(),
    password: newPassword.optional(),
    currentPassword: givenPassword.optional(),
  })
  .strict()
  .meta({ id: 'ChangeAccount', examples: [{ name: 'Ada Lovelace' }] });

/** Body of `DELETE /api/v1/account`; needed when the login is older than a quarter of an hour. */
export const deleteAccountRequest = z
  .object({ password: givenPassword.optional() })
  .strict()
  .meta({ id: 'DeleteAccount', examples: [{ password: examplePassword }] });

const exampleKey = {
  id: 'k7Kq9ZtA1bXy',
  name: 'Garden camera',
  createdAt: '2026-01-01T12:00:00.000Z',
  lastUsedAt: null,
};

/** Body of `POST /api/v1/account/api-keys`. */
export const createApiKeyRequest = z
  .object({ name: personName })
  .strict()
  .meta({ id: 'CreateApiKey', examples: [{ name: exampleKey.name }] });

/** An API key without what opens; `lastUsedAt` to the minute. */
export const apiKeyAnswer = z
  .object({
    id: accountId,
    name: z.string(),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey', examples: [exampleKey] });
export type ApiKeyAnswer = z.infer<typeof apiKeyAnswer>;

/** Answer of `POST /api/v1/account/api-keys`: the only time that the key is told. */
export const newApiKeyAnswer = apiKeyAnswer
  .extend({ key: z.string() })
  .meta({ id: 'NewApiKey', examples: [{ ...exampleKey, key: 'lrk_…' }] });
export type NewApiKeyAnswer = z.infer<typeof newApiKeyAnswer>;

/** Answer of `GET /api/v1/account/api-keys`. */
export const apiKeyList = z
  .object({ items: z.array(apiKeyAnswer) })
  .meta({ id: 'ApiKeys', examples: [{ items: [exampleKey] }] });

/** Answer of `GET /api/v1/access`: what whoever asks may do here. */
export const accessAnswer = z
  .object({
    access: z.enum(['open', 'accounts']),
    mayPublish: z.boolean(),
    account: accountAnswer.nullable(),
  })
  .meta({ id: 'Access', examples: [{ access: 'open', mayPublish: true, account: null }] });
export type AccessAnswer = z.infer<typeof accessAnswer>;

/** Query of `GET /api/v1/accounts`, in the order of the ids. */
export const listAccountsQuery = z.object({
  cursor: z.string().max(200).optional().meta({ description: '`nextCursor` of the page before.' }),
  limit: pageLimit,
});

/** Answer of `GET /api/v1/accounts`. */
export const accountPage = z
  .object({ items: z.array(accountAnswer), nextCursor: z.string().nullable() })
  .meta({ id: 'AccountPage', examples: [{ items: [exampleAccount], nextCursor: null }] });

/** Body of `PATCH /api/v1/accounts/<id>`, for admins. */
export const setAccountRequest = z
  .object({ level: z.enum(levels).optional(), role: z.enum(roles).optional() })
  .strict()
  .meta({ id: 'SetAccount', examples: [{ level: 'pro' }] });

/** Path of one account or API key. */
export const accountParams = z.object({ id: accountId.meta({ examples: ['a7Kq9ZtA1bXy'] }) });
