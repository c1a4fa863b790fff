import { PublishError } from '../../client/publish-error.ts';
import { problemOf } from '../../client/session-api.ts';

/**
 * Asks the page's own server for JSON; undefined where it answers nothing.
 * @throws PublishError `server-unreachable`, or the server's code with `facts.status`.
 */
export async function askServer<T>(method: string, path: string, body?: object): Promise<T> {
  const sent = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await fetch(path, { method, ...sent }).catch(cause => {
    const detail = 'The server does not answer. Check your connection, then try again.';
    throw new PublishError('server-unreachable', detail, { cause });
  });
  if (!answer.ok) throw await problemOf(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}
