import type { ZodError } from 'zod';
import { LivereelError } from '../errors.ts';

// An answer need not be as long as the body it refuses.
const maxErrors = 20;
const maxPathCharacters = 100;

/** Says what a schema found wrong, field by field. `target`: the part of the request, as hono calls it. */
export function wrongValue(target: string, error: ZodError): LivereelError {
  if (target === 'param') {
    return new LivereelError('not-found', 'There is no such id: ids are 12 letters and digits.');
  }
  const found = error.issues.flatMap(issue => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }];
    return issue.keys.map(key => ({ path: [...path, key].join('.'), message: 'is not known here' }));
  });
  const errors = found
    .slice(0, maxErrors)
    .map(({ path, message }) => ({ path: path.slice(0, maxPathCharacters), message: message.slice(0, 300) }));
  const place = target === 'query' ? 'query' : 'body';
  const first = errors[0] ? `: ${[errors[0].path, errors[0].message].filter(Boolean).join(': ')}` : '';
  return new LivereelError('validation-failed', `The ${place} holds a wrong value${first}.`, { errors });
}
