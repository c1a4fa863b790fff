import type { LoginAnswer } from '../../src/api/account.ts';
import type { SocketAnswer, SocketRequest } from './socket-request.ts';

type Call = (path: string, options?: SocketRequest) => Promise<SocketAnswer>;

export const password = 'correct horse battery staple';
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A person of a test, signed up. */
export type TestPerson = LoginAnswer & {
  readonly id: string;
  readonly email: string;
  /** `Authorization` with the access token. */
  readonly headers: { readonly authorization: string };
  /** `name=value` of each cookie that signing up set. */
  readonly cookies: string;
};

/** Signs somebody up. @throws Error when that is refused. */
export async function signUp(call: Call, name: string, from = '192.0.2.1'): Promise<TestPerson> {
  const email = `${name}@example.com`;
  const answer = await call('/api/v1/accounts', {
    method: 'POST',
    headers: { 'x-forwarded-for': from },
    body: { email, password, name },
  });
  if (answer.status !== 201) throw new Error(answer.text);
  const login = answer.json as LoginAnswer;
  return {
    ...login,
    id: login.account.id,
    email,
    headers: bearer(login.accessToken),
    cookies: cookiesOf(answer),
  };
}

/** `name=value; ...` of the cookies that an answer sets, as a browser sends them back. */
export function cookiesOf({ headers }: SocketAnswer): string {
  return (headers['set-cookie'] ?? []).map(cookie => cookie.split(';', 1)[0]).join('; ');
}
