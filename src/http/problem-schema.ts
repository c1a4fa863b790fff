import { problemAnswer } from '../api/problem.ts';
import type { ErrorCode } from '../errors.ts';
import { adviceOf, statusOf, titleOf } from './error-status.ts';
import { problemDocsPath } from './problem.ts';

type ProblemContent = {
  description: string;
  content: {
    'application/problem+json': { schema: typeof problemAnswer; examples: Record<string, { value: object }> };
  };
};

/** The refusals of a route for its OpenAPI declaration: one answer a status, one example a code. */
export function problems(...codes: readonly ErrorCode[]): Record<number, ProblemContent> {
  const responses: Record<number, ProblemContent> = {};
  for (const code of codes) {
    const status = statusOf[code];
    responses[status] ??= {
      description: '',
      content: { 'application/problem+json': { schema: problemAnswer, examples: {} } },
    };
    const response = responses[status];
    response.description = [response.description, `\`${code}\`: ${titleOf[code]}.`].join(' ').trim();
    response.content['application/problem+json'].examples[code] = { value: exampleOf(code) };
  }
  return responses;
}

function exampleOf(code: ErrorCode) {
  return {
    type: `${problemDocsPath}#${code}`,
    title: titleOf[code],
    status: statusOf[code],
    detail: adviceOf[code],
    code,
    ...(code === 'validation-failed' && { errors: [{ path: 'title', message: 'Too big: expected string' }] }),
  };
}
