import type { ErrorCode } from '../../src/errors.ts';
import type { Answered, Given } from './documented-api.ts';

/** A request that is refused; several: the last of them. `operation`: not the step's own. */
export type Refusal = [code: ErrorCode, given: Given | Given[], operation?: string];

/** One operation of the document: how it is asked so that it does what it is for. */
export type Step = {
  readonly operation: string;
  /** Without a body each of the document's examples is sent. */
  readonly given?: () => Given | Promise<Given>;
  readonly keep?: (answer: Answered) => void;
  readonly before?: () => Refusal[];
  readonly after?: () => Refusal[];
};

/** What the steps before have made: ids, tokens, tags. */
export const known: Record<string, string> = {};
/** Something that a step before made. @throws Error when none did. */
export const has = (name: string) => {
  const value = known[name];
  if (value === undefined) throw new Error(`no step before made "${name}"`);
  return value;
};
/** With the access token of somebody. */
export const as = (person: string) => ({ headers: { authorization: `Bearer ${has(person)}` } });
/** The path of something with an id. */
export const of = (name: string) => ({ params: { id: has(name) } });
/** A JSON body. */
export const json = (body: object) => ({ body, contentType: 'application/json' });
/** A word of an answer. */
export const field = (answer: Answered, name: string) =>
  String((answer.json as Record<string, unknown>)[name]);
/** Keeps the tokens of somebody who came in. */
export const keepLogin = (person: string) => (answer: Answered) => {
  known[person] = field(answer, 'accessToken');
  known[`refresh of ${person}`] = field(answer, 'refreshToken');
};
/** Who publishes a session, by its token. */
export const publisher = (name: string) => ({ ...of(name), query: { token: has(`ingestToken of ${name}`) } });
