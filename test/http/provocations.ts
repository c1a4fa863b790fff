import type { ErrorCode } from '../../src/errors.ts';
import type { Given, Operation } from './documented-api.ts';

type Provocation = (operation: Operation, given: Given) => Given | undefined;

const json = 'application/json';
const overOneMebibyte = JSON.stringify({ title: 'x'.repeat(1_048_576) });
const unknownIds: Readonly<Record<string, string>> = {
  id: 'zzzzzzzzzzzz',
  peer: 'nobody',
  delivery: '0'.repeat(32),
  upload: `zzzzzzzzzzzz-${'z'.repeat(24)}`,
};

const isOfTheApi = ({ path }: Operation) => path.startsWith('/api/');
const takesJson = ({ requestBody }: Operation) => requestBody?.content[json] !== undefined;
const has = ({ parameters = [] }: Operation, name: string) => parameters.some(each => each.name === name);
const nobody = ({ headers, ...rest }: Given): Given => ({
  ...rest,
  headers: { ...headers, authorization: undefined },
});
// Long bodies are not waited for by who refuses them.
const short = ({ body, ...rest }: Given): Given =>
  body instanceof Uint8Array
    ? { ...rest, body: body.subarray(0, 1_000) }
    : { ...rest, ...(body !== undefined && { body }) };
const withoutToken = (given: Given): Given => ({ ...nobody(given), query: {} });

const onlyJson =
  (body: string, contentType = json): Provocation =>
  (operation, given) =>
    takesJson(operation) ? { ...given, body, contentType } : undefined;

const notThere: Provocation = ({ path }, given) =>
  path.includes('{') ? { ...short(given), params: { ...given.params, ...unknownIds } } : undefined;

/**
 * Requests that any operation has to refuse with the code, made of one that it takes; undefined where they make no
 * sense. What only some refuse is in the walk itself.
 */
export const provocations: Readonly<Partial<Record<ErrorCode, Provocation>>> = {
  'bad-request': onlyJson('{'),
  'unsupported-media-type': (operation, given) =>
    onlyJson('{}', 'text/plain')(operation, given) ??
    (isOfTheApi(operation) ? undefined : { ...given, contentType: 'text/plain' }),
  'payload-too-large': (operation, given) =>
    onlyJson(overOneMebibyte)(operation, given) ?? { ...given, body: 'v'.repeat(1_100_000) },
  'validation-failed': (operation, given) => {
    if (takesJson(operation)) return { ...given, body: { nonsense: true }, contentType: json };
    if (has(operation, 'limit')) return { ...given, query: { limit: '0' } };
    return has(operation, 'token') ? { ...given, query: { token: 'x'.repeat(4_097) } } : undefined;
  },
  unauthorized: (operation, given) => {
    if (operation.path.startsWith('/api/v1/logins')) return undefined;
    if (!isOfTheApi(operation)) return withoutToken(given);
    return { ...given, headers: { ...given.headers, authorization: 'Bearer lrk_nonsense' } };
  },
  'bad-token': (_operation, given) => ({ ...nobody(short(given)), query: { token: 'nonsense' } }),
  'cross-site-request': ({ method }, given) => {
    if (method === 'get') return undefined;
    const headers = { ...given.headers, authorization: undefined, 'sec-fetch-site': 'cross-site' };
    return { ...given, headers, query: {} };
  },
  'not-found': notThere,
  'session-not-found': notThere,
  'peer-not-found': (_operation, given) => ({ ...given, params: { ...given.params, peer: 'nobody' } }),
  'upload-not-found': notThere,
};
