import { readFile, writeFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ErrorCode } from '../src/errors.ts';
import { adviceOf, statusOf, titleOf } from '../src/http/error-status.ts';

/** Where the list of errors is kept. */
export const errorDocsFile = fileURLToPath(new URL('../docs/errors.md', import.meta.url));

/** `docs/errors.md`, whole: every code of `src/errors.ts` in its order, with what `src/http/error-status.ts` says. */
export function errorDocs(): string {
  const rows = (Object.keys(statusOf) as ErrorCode[]).map(
    code => `| \`${code}\` | ${statusOf[code]} | ${cell(titleOf[code])} | ${cell(adviceOf[code])} |`,
  );
  return `# Errors

<!-- Made by scripts/write-error-docs.ts from src/http/error-status.ts; a test compares. Change it there. -->

HTTP errors are \`application/problem+json\` (RFC 9457):

\`\`\`json
{ "type": "/docs/errors#bad-token", "title": "The token is wrong", "status": 401,
  "detail": "...what to do in this case...", "code": "bad-token" }
\`\`\`

Match on \`code\`: it is stable. \`detail\` is for people and may change. \`validation-failed\` adds
\`errors: [{path, message}]\`, refusals for want of room add \`retryAfterSeconds\` (and the header \`Retry-After\`),
\`offset-mismatch\` adds \`offset\`. The same codes come in the messages of the ingest WebSocket, and in a video's
\`error\`. The page \`/docs/errors\` of a running server holds this list too.

| code | status | meaning | what to do |
|---|---|---|---|
${rows.join('\n')}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
  const before = await readFile(errorDocsFile, 'utf8').catch(() => '');
  if (before !== errorDocs()) await writeFile(errorDocsFile, errorDocs());
}
