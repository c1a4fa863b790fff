import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ErrorCode } from '../../errors.ts';
import { adviceOf, statusOf, titleOf } from '../error-status.ts';
import { problemDocsPath } from '../problem.ts';

// Everything comes from this server and nothing is written into the page: no inline script, no inline style.
// Swagger UI draws its icons from data: addresses.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': contentSecurityPolicy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The only files of swagger-ui-dist that are served. */
const assets = {
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

// `validatorUrl: null`: else the page sends the contract's address to a service on the internet.
const startScript = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
});
`;

const errorsStyle = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
body { color-scheme: light dark; }
dt { margin-top: 1rem; font-weight: 600; }
dt { scroll-margin-top: 2rem; }
dt:target { text-decoration: underline; text-underline-offset: 0.3em; }
dd { margin: 0; }
`;

const docsPage = page(
  'livereel API',
  '/docs/swagger-ui.css',
  `<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>`,
);

/** `/docs` (Swagger UI, from this machine alone) and `/docs/errors` (where a problem's `type` leads). */
export function addDocsRoutes(app: OpenAPIHono): void {
  app.get('/docs', c => c.body(docsPage, 200, pageHeaders));
  app.get('/docs/start.js', c => c.body(startScript, 200, assetHeaders('text/javascript; charset=utf-8')));
  app.get(problemDocsPath, c => c.body(errorsPage(), 200, pageHeaders));
  app.get('/docs/errors.css', c => c.body(errorsStyle, 200, assetHeaders('text/css; charset=utf-8')));
  const { resolve } = createRequire(import.meta.url);
  for (const [name, type] of Object.entries(assets)) {
    // Read for each of the rare visits: 1.5 MB are not worth keeping.
    app.get(`/docs/${name}`, async c => {
      const bytes = new Uint8Array(await readFile(resolve(`swagger-ui-dist/${name}`)));
      return c.body(bytes, 200, assetHeaders(type));
    });
  }
}

function assetHeaders(type: string) {
  return {
    'content-type': type,
    'cache-control': 'public, max-age=3600',
    'x-content-type-options': 'nosniff',
  };
}

function errorsPage(): string {
  const entries = (Object.keys(statusOf) as ErrorCode[]).map(
    code => `<dt id="${code}"><code>${code}</code> (${statusOf[code]}): ${escapeHtml(titleOf[code])}</dt>
<dd>${escapeHtml(adviceOf[code]).replace(/`([^`]+)`/g, '<code>$1</code>')}</dd>`,
  );
  return page('livereel: errors', '/docs/errors.css', `<h1>Errors</h1>\n<dl>\n${entries.join('\n')}\n</dl>`);
}

function page(title: string, styleSheet: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="${styleSheet}">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
${body}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
