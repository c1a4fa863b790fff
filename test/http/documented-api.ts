import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { default as addFormats } from 'ajv-formats';

type Schema = { $ref?: string; examples?: unknown[] };
type Media = { schema: Schema; example?: unknown; examples?: Examples };
type Examples = Record<string, { value: unknown }>;
type Answer = {
  content?: Record<string, Media>;
  headers?: Record<string, { required?: boolean }>;
};
type Parameter = {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: { examples?: unknown[] };
};
type Document = {
  paths: Record<string, Record<string, Omit<Operation, 'path' | 'method'>>>;
  components: { schemas: Record<string, { examples?: unknown[] }> };
};

/** An operation of the OpenAPI document, with where it is. */
export type Operation = {
  readonly operationId: string;
  readonly path: string;
  readonly method: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Answer>>;
};

/** What a request holds besides what the document shows; `undefined` for a header leaves it out. */
export type Given = {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Instead of the example; an object goes as JSON. */
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData | object | null;
  readonly contentType?: string;
};

/** What came back, and what does not fit the document, in words. */
export type Answered = {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
  readonly code: string | undefined;
  readonly faults: readonly string[];
};

/** The OpenAPI document of a running server, and requests that are made of it. */
export class DocumentedApi {
  readonly operations: ReadonlyMap<string, Operation>;
  readonly #baseUrl: string;
  readonly #components: Document['components'];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<Media, ValidateFunction>();

  private constructor(baseUrl: string, document: Document) {
    this.#baseUrl = baseUrl;
    this.#components = document.components;
    addFormats.default(this.#ajv);
    const all = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ ...operation, path, method })),
    );
    this.operations = new Map(all.map(operation => [operation.operationId, operation]));
  }

  /** `baseUrl` has no slash at the end. */
  static async of(baseUrl: string): Promise<DocumentedApi> {
    const answer = await fetch(`${baseUrl}/openapi.json`);
    return new DocumentedApi(baseUrl, (await answer.json()) as Document);
  }

  /** @throws Error when the document does not have it. */
  operation(operationId: string): Operation {
    const operation = this.operations.get(operationId);
    if (operation === undefined) throw new Error(`the document has no ${operationId}`);
    return operation;
  }

  /** The codes of refusals that an operation documents. */
  codesOf({ responses }: Operation): string[] {
    return Object.values(responses).flatMap(({ content }) =>
      Object.keys(content?.['application/problem+json']?.examples ?? {}),
    );
  }

  /** The bodies that the document shows, each with its type; one without a body where the operation takes none. */
  examplesOf({ requestBody }: Operation): { contentType: string | undefined; body: unknown }[] {
    if (requestBody === undefined) return [{ contentType: undefined, body: undefined }];
    return Object.entries(requestBody.content).flatMap(([contentType, media]) => {
      const schema = this.#components.schemas[media.schema.$ref?.split('/').at(-1) ?? ''];
      const inSchema = (schema ?? media.schema).examples ?? [];
      const shown = media.examples ? Object.values(media.examples).map(({ value }) => value) : [];
      const one = media.example === undefined ? [] : [media.example];
      return [...shown, ...one, ...(shown.length + one.length === 0 ? inSchema : [])].map(body => ({
        contentType,
        body,
      }));
    });
  }

  /**
   * Sends a request: path and headers as the document shows them where `given` says nothing else, the parameters of the
   * query only where `withQuery`. The answer is held against the document.
   */
  async send(operation: Operation, given: Given, withQuery = false): Promise<Answered> {
    const answer = await fetch(this.#urlOf(operation, given, withQuery), {
      method: operation.method.toUpperCase(),
      headers: headersOf(operation, given),
      ...bodyOf(given),
      redirect: 'manual',
    });
    const type = (answer.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
    const isEndless = type === 'text/event-stream';
    if (isEndless) await answer.body?.cancel();
    const text = isEndless ? '' : await answer.text();
    const json: unknown = type.endsWith('json') && text !== '' ? JSON.parse(text) : undefined;
    const { status, headers } = answer;
    const isProblem = type === 'application/problem+json';
    const code = isProblem ? String((json as { code?: unknown } | undefined)?.code) : undefined;
    const faults = this.#faults(operation, { status, headers, type, text, json, code });
    return { status, headers, json, code, faults };
  }

  #urlOf({ path, parameters = [] }: Operation, given: Given, withQuery: boolean): URL {
    const shown = (place: string, name: string) =>
      String(parameters.find(each => each.in === place && each.name === name)?.schema.examples?.[0] ?? '');
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(given.params?.[name] ?? shown('path', name)),
    );
    const url = new URL(filled, this.#baseUrl);
    for (const { name, in: place } of withQuery ? parameters : [])
      if (place === 'query' && shown(place, name) !== '') url.searchParams.set(name, shown(place, name));
    for (const [name, value] of Object.entries(given.query ?? {})) url.searchParams.set(name, value);
    return url;
  }

  #faults(
    operation: Operation,
    got: Omit<Answered, 'faults'> & { readonly type: string; readonly text: string },
  ): string[] {
    const { status, type, text, json, code } = got;
    const told = `${operation.operationId} answers ${status} ${code ?? ''} ${text.slice(0, 300)}`;
    const declared = operation.responses[status];
    if (declared === undefined) return [`${told}: the status is not documented`];
    const missing = Object.entries(declared.headers ?? {}).filter(
      ([name, { required }]) => required && !got.headers.has(name),
    );
    const faults = missing.map(([name]) => `${told}: without the header ${name}`);
    if (declared.content === undefined) return text === '' ? faults : [...faults, `${told}: with a body`];
    // An answer to HEAD has no body (RFC 9110, section 9.3.2).
    if (operation.method === 'head') return faults;
    const media = declared.content[type];
    if (media === undefined) return [...faults, `${told}: of the type "${type}"`];
    if (code !== undefined && !(code in (media.examples ?? {})))
      return [...faults, `${told}: the code is not documented`];
    if (json === undefined) return faults;
    const fits = this.#validators.get(media) ?? this.#compiled(media);
    return fits(json) ? faults : [...faults, `${told}: ${this.#ajv.errorsText(fits.errors)}`];
  }

  #compiled(media: Media): ValidateFunction {
    const validator = this.#ajv.compile({ ...media.schema, components: this.#components });
    this.#validators.set(media, validator);
    return validator;
  }
}

function headersOf({ parameters = [] }: Operation, given: Given): Record<string, string> {
  const shown = parameters.flatMap(({ in: place, name, schema }) =>
    place === 'header' && schema.examples?.[0] !== undefined
      ? [[name.toLowerCase(), String(schema.examples[0])] as const]
      : [],
  );
  const own = Object.entries(given.headers ?? {}).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  const type = given.contentType === undefined ? [] : [['content-type', given.contentType] as const];
  const all = Object.fromEntries<string | undefined>([...shown, ...type, ...own]);
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function bodyOf({ body }: Given): { body?: string | FormData | Uint8Array<ArrayBuffer> } {
  if (body === undefined || body === null) return {};
  const isRaw = typeof body === 'string' || body instanceof FormData || body instanceof Uint8Array;
  if (isRaw) return { body: body as string | FormData | Uint8Array<ArrayBuffer> };
  return { body: JSON.stringify(body) };
}
