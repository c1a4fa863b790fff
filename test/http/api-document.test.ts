import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { default as addFormats } from 'ajv-formats';
import t from 'tap';
import type { ZodType } from 'zod';
import { problemAnswer } from '../../src/api/problem.ts';
import { createSessionRequest, sessionAnswer, sessionEnded } from '../../src/api/session.ts';
import { changeVideoRequest, videoAnswer } from '../../src/api/video.ts';
import { startApi } from './running-api.ts';

type Media = { schema: Schema; example?: unknown; examples?: Record<string, { value: unknown }> };
type Schema = { $ref?: string; examples?: unknown[]; properties?: Record<string, Schema> };
type Answer = { description: string; content?: Record<string, Media> };
type Parameter = { name: string; in: string; required?: boolean; schema: Schema };
type Operation = {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Answer>;
};
type Document = {
  openapi: string;
  info: { title: string; version: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, unknown> };
};

// Pages for people, and the document itself.
const notInTheDocument = /^\/docs|^\/openapi\.json$/;

// Told in the document, answered by the data plane or the door of resumable uploads.
const ofTheDataPlane = /^\w+ \/(ingest|whip|whep|uploads)(\/|$)|\/events$/;

t.test('the contract at /openapi.json', async t => {
  const { call, app } = await startApi(t);
  const answer = await call('/openapi.json');
  const document = answer.json as Document;
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

  t.test('is OpenAPI 3.1 of this version, in JSON', async t => {
    t.match(answer, { status: 200, headers: { 'content-type': /^application\/json/ } });
    t.match(document, { openapi: /^3\.1\.\d$/, info: { title: 'livereel', version: '1.2.3' } });
  });

  t.test('is what the standard says a document is', async t => {
    const validator = new Validator();
    const result = await validator.validate(JSON.parse(answer.text) as Record<string, unknown>);
    t.equal(validator.version, '3.1');
    t.match(result, { valid: true }, JSON.stringify(result.errors)?.slice(0, 500));
    const broken = JSON.parse(answer.text) as { paths: Record<string, unknown> };
    broken.paths['/api/v1/videos'] = { get: { responses: 'none' } };
    t.match(await new Validator().validate(broken), { valid: false }, 'and one that is not is found out');
  });

  t.test('every example of a body fits its schema, read by somebody else', async t => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const { components } = document;
    const check = (schema: Schema, example: unknown, where: string) => {
      const fits = ajv.compile({ ...schema, components });
      t.ok(fits(example), `${where}: ${ajv.errorsText(fits.errors)}`);
    };
    for (const { path, method, operation } of operations) {
      const bodies = { request: operation.requestBody, ...operation.responses };
      for (const [which, body] of Object.entries(bodies)) {
        for (const [type, media] of Object.entries(body?.content ?? {})) {
          if (!type.endsWith('json')) continue;
          const schema = components.schemas[media.schema.$ref?.split('/').at(-1) ?? ''] ?? media.schema;
          const examples = media.examples
            ? Object.values(media.examples).map(({ value }) => value)
            : [media.example ?? schema.examples?.[0]];
          for (const example of examples) check(media.schema, example, `${method} ${path} ${which}`);
        }
      }
    }
  });

  t.test('lists are of one shape: items and nextCursor, or items alone where all fit', async t => {
    for (const { path, method, operation } of operations) {
      const media = operation.responses[200]?.content?.['application/json'];
      const schema =
        media && (document.components.schemas[media.schema.$ref?.split('/').at(-1) ?? ''] ?? media.schema);
      if (!schema?.properties?.items) continue;
      const isPaged = operation.parameters?.some(({ name }) => name === 'cursor') ?? false;
      t.equal('nextCursor' in schema.properties, isPaged, `${method} ${path}`);
      if (isPaged)
        t.ok(
          operation.parameters?.some(({ name }) => name === 'limit'),
          `${method} ${path}`,
        );
    }
  });

  t.test('holds every route, and no other', async t => {
    const routes = app.routes
      .filter(route => route.method !== 'ALL' && !notInTheDocument.test(route.path))
      .map(route => `${route.method} ${route.path}`);
    const documented = operations.map(
      ({ path, method }) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
    );
    t.same(new Set(documented.filter(route => !ofTheDataPlane.test(route))), new Set(routes));
    t.ok(new Set(routes).size >= 12);
    t.strictSame(documented.filter(route => ofTheDataPlane.test(route)).sort(), [
      'DELETE /uploads/:upload',
      ...['whep', 'whip'].map(door => `DELETE /${door}/:id/:peer`),
      'GET /api/v1/videos/:id/events',
      'GET /ingest/:id',
      'HEAD /uploads/:upload',
      'PATCH /uploads/:upload',
      ...['whep', 'whip'].map(door => `PATCH /${door}/:id/:peer`),
      'POST /ingest/:id',
      'POST /ingest/:id/frames',
      'POST /uploads',
      ...['whep', 'whip'].map(door => `POST /${door}/:id`),
    ]);
  });

  t.test('every operation is whole: a name of its own, its parameters, answers and refusals', async t => {
    const names = operations.map(({ operation }) => operation.operationId);
    t.equal(new Set(names).size, names.length);
    const tags = document.tags.map(tag => tag.name);
    for (const { path, operation } of operations) {
      t.ok(operation.summary.length > 5 && operation.tags.every(tag => tags.includes(tag)), path);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]);
      const declared = (operation.parameters ?? []).filter(parameter => parameter.in === 'path');
      t.strictSame(
        declared.map(({ name, required }) => required && name),
        inPath,
        path,
      );
      for (const [status, response] of Object.entries(operation.responses)) {
        t.ok(response.description.length > 3, `${path} ${status}`);
        if (Number(status) >= 400) t.ok(response.content?.['application/problem+json'], `${path} ${status}`);
      }
    }
  });

  t.test('every reference leads somewhere', async t => {
    const references = [...answer.text.matchAll(/"\$ref":"([^"]+)"/g)].map(match => match[1] ?? '');
    t.ok(references.length > 5);
    for (const reference of references) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(reference)?.[1] ?? '';
      t.ok(document.components.schemas[name], reference);
    }
    const named = [...answer.text.matchAll(/\{"(ingestToken\w*)":\[\]\}/g)].map(match => match[1] ?? '');
    for (const scheme of named) t.ok(document.components.securitySchemes[scheme], scheme);
  });

  t.test('every body and answer shows an example', async t => {
    for (const { path, method, operation } of operations) {
      const bodies = [operation.requestBody, ...Object.values(operation.responses)];
      for (const media of bodies.flatMap(body => Object.values(body?.content ?? {}))) {
        const schema =
          document.components.schemas[media.schema.$ref?.split('/').at(-1) ?? ''] ?? media.schema;
        t.ok(media.example ?? media.examples ?? schema.examples, `${method} ${path}`);
      }
    }
  });

  t.test('the examples are what they are examples of', async t => {
    const schemas: Record<string, ZodType> = {
      CreateSession: createSessionRequest,
      Session: sessionAnswer,
      SessionEnded: sessionEnded,
      Video: videoAnswer,
      ChangeVideo: changeVideoRequest,
    };
    for (const [name, schema] of Object.entries(schemas)) {
      const [example] = document.components.schemas[name]?.examples ?? [];
      t.match(schema.safeParse(example), { success: true }, name);
    }
    for (const { operation } of operations) {
      for (const response of Object.values(operation.responses)) {
        const examples = response.content?.['application/problem+json']?.examples ?? {};
        for (const { value } of Object.values(examples))
          t.match(problemAnswer.safeParse(value), { success: true });
      }
    }
  });
});
