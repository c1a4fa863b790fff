type Json = Record<string, unknown>;

/**
 * A document as JSON Schema has it (2020-12), where the generator has it otherwise: patterns without the flag behind
 * them (they are Unicode anyway), and "this, or null" as a choice; an `allOf` of both would never let null pass.
 */
export function standardSchemas<Document>(document: Document): Document {
  return standard(document) as Document;
}

function standard(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(standard);
  if (typeof value !== 'object' || value === null) return value;
  const object = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, standard(inner)]),
  ) as Json;
  if (typeof object.pattern === 'string') object.pattern = object.pattern.replace(/\/[a-z]+$/, '');
  return nullableReference(object) ?? object;
}

function nullableReference({ allOf, ...rest }: Json): Json | undefined {
  if (!Array.isArray(allOf) || allOf.length !== 2) return undefined;
  const [reference, { type } = { type: [] }] = allOf as [Json, Json];
  if (!('$ref' in reference) || !Array.isArray(type) || !type.includes('null')) return undefined;
  return { ...rest, anyOf: [reference, { type: 'null' }] };
}
