import { Ajv, type ValidateFunction } from 'ajv';
import { existsSync, readFileSync } from 'node:fs';
import type { QdrantExchange } from '../src/simulators/qdrant-simulator.ts';

const file = new URL('../../shared/data/qdrant/openapi-1.19.json', import.meta.url);

/** Whether the description of Qdrant's interface is on this machine. */
export const hasQdrantOpenApi: boolean = existsSync(file);

type Json = Readonly<Record<string, unknown>>;

/** Gives a function that says what of an exchange is not as Qdrant's own description of its interface has it. */
export function qdrantOpenApiFaults(): (exchange: QdrantExchange) => readonly string[] {
  const description = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
    readonly components: { readonly schemas: Json };
  };
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: false });
  ajv.addSchema({ $id: 'qdrant', components: toJsonSchema(description.components) as Json });
  const known = new Map<string, ValidateFunction>();
  const faultsOf = (name: string, schema: unknown, value: unknown): readonly string[] => {
    const validate = known.get(name) ?? ajv.compile(toJsonSchema(schema) as Json);
    known.set(name, validate);
    return validate(value) ? [] : [`${name}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`];
  };
  const paths = Object.entries(description.paths)
    // A fixed path comes before one with a name in its place.
    .toSorted(([a], [b]) => a.split('{').length - b.split('{').length)
    .map(([path, methods]) => ({
      path,
      methods,
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    }));

  return ({ method, path: asked, query, requestBody, status, responseBody }) => {
    const found = paths.find(
      ({ pattern, methods }) => pattern.test(asked) && method.toLowerCase() in methods,
    );
    const operation = found?.methods[method.toLowerCase()] as Operation | undefined;
    if (found === undefined || operation === undefined) return [`${method} ${asked} is not described`];
    const name = `${method} ${found.path}`;
    const request = operation.requestBody?.content['application/json']?.schema;
    const responses = operation.responses;
    const response = (
      responses[String(status)] ??
      responses[`${Math.floor(status / 100)}XX`] ??
      responses['default']
    )?.content?.['application/json']?.schema;
    const parameters = new Set(operation.parameters?.map((parameter) => parameter.name));
    return [
      ...[...query.keys()]
        .filter((key) => !parameters.has(key))
        .map((key) => `${name} has no parameter ${key}`),
      ...(status >= 400 || request === undefined ? [] : faultsOf(`${name} request`, request, requestBody)),
      ...(response === undefined ? [] : faultsOf(`${name} ${status}`, response, responseBody)),
    ];
  };
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: unknown }>>;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: Required<Content>;
  readonly responses: Readonly<Record<string, Content>>;
}

/** OpenAPI 3.0 says `nullable` where JSON Schema says the type null, and knows references within the file alone. */
function toJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toJsonSchema);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, example: _example, ...rest } = schema as Json;
  const converted = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      key === '$ref' ? `qdrant${String(value)}` : toJsonSchema(value),
    ]),
  );
  if (nullable !== true) return converted;
  return Object.keys(converted).every((key) => key === 'description' || key === 'default')
    ? { type: 'null' }
    : { anyOf: [{ type: 'null' }, converted] };
}
