import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { TestPage } from '../support/chromium.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Serves the sources of the library to a page as `/src/client/*.ts`: for browsers, modules like any other. */
export async function serveClientModules(page: TestPage): Promise<void> {
  await page.route(/\/src\/(client|api)\/[\w-]+\.ts$/, async route => {
    const source = await readFile(`${root}${new URL(route.request().url()).pathname}`, 'utf8');
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
    const body = ts.transpileModule(source, { compilerOptions }).outputText;
    await route.fulfill({ contentType: 'text/javascript', body });
  });
}
