/**
 * Runs the suite's TypeScript as it stands: `node --import ./test/support/typescript-loader.mjs`. As tsx does, without
 * looking at the hundreds of modules of each test's packages, which costs every file more than half a second of a
 * processor. What was compiled is kept in the system's temporary folder, under what it was compiled from.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, threadId } from 'node:worker_threads';

const cacheDir = join(tmpdir(), `livereel-compiled-${process.getuid?.() ?? 0}`);
// Part of every key: raise it when the way of compiling changes.
const recipe = 1;

// Hooks live in a thread of their own, which loads this very file.
if (isMainThread) register(import.meta.url);

/** Node's hook: gives the code of a module. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !/\.ts(\?|$)/.test(url)) return await next(url, context);
  return { format: 'module', shortCircuit: true, source: await compiled(fileURLToPath(url)) };
}

async function compiled(file) {
  const source = readFileSync(file, 'utf8');
  // Its place belongs to it: the source map names it.
  const key = createHash('sha256')
    .update(JSON.stringify([recipe, process.version, file, source]))
    .digest('hex');
  const kept = join(cacheDir, key);
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  const { default: ts } = await import('typescript');
  const { outputText } = ts.transpileModule(source, {
    fileName: file,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  });
  mkdirSync(cacheDir, { recursive: true });
  const partial = `${kept}.${process.pid}.${threadId}`;
  writeFileSync(partial, outputText);
  renameSync(partial, kept);
  return outputText;
}
