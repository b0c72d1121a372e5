import { z } from 'zod';

/** The named schemas of the API: each becomes a component of the OpenAPI document. */
export const apiSchemas = z.registry<{ readonly id: string }>();

const ID_PATTERN = /^[\w.:@~#+=-]{1,200}$/;

/** Ids in addresses; what no id can look like is simply not found. */
export const pathId = (description: string) => z.string().regex(ID_PATTERN).describe(description);

/** ISO 8601, as every time on the wire. */
export const timestamp = () => z.string().meta({ format: 'date-time' });

/** A count or an offset. */
export const count = () => z.int().min(0);

/** A whole number of a query string. */
export const queryInteger = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum));

/** The body of every refusal and failure. */
export const problemSchema = z
  .object({
    type: z.string().describe('Always about:blank; `code` tells the problems apart.'),
    title: z.string().describe('The name of the HTTP status.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What happened, the value seen, and what to do.'),
    code: z.string().describe('One of the stable error codes.'),
    retryable: z.boolean().describe('Whether the same request may succeed later.'),
    request_id: z.string().describe('What the log has of this request.'),
    errors: z
      .array(
        z.object({
          path: z.string().describe('The field, as in filters.filters[0].operator.'),
          message: z.string(),
        }),
      )
      .optional(),
  })
  .register(apiSchemas, { id: 'Problem' });

export type Problem = z.output<typeof problemSchema>;
