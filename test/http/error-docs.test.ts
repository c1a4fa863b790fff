import { readFile } from 'node:fs/promises';
import t from 'tap';
import { errorDocs, errorDocsFile } from '../../scripts/write-error-docs.ts';
import { adviceOf, statusOf, titleOf } from '../../src/http/error-status.ts';

t.test(
  'docs/errors.md says what the code says (else: node --import tsx scripts/write-error-docs.ts)',
  async t => {
    t.equal(await readFile(errorDocsFile, 'utf8'), errorDocs());
  },
);

t.test('every code of src/errors.ts has a status, a title and an advice', async t => {
  const source = await readFile(new URL('../../src/errors.ts', import.meta.url), 'utf8');
  const codes = [...source.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(match => match[1]);
  t.ok(codes.length > 25);
  for (const record of [statusOf, titleOf, adviceOf]) t.same(new Set(Object.keys(record)), new Set(codes));
  for (const status of Object.values(statusOf)) t.ok(status >= 400 && status < 600);
});
