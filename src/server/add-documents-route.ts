import { extname } from 'node:path';

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import { InvalidInputError } from '../errors.ts';
import { apiSchemas, count } from './api-schemas.ts';
import { drainRequest } from './drain-request.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import { jobData, jobSchema } from './ingest-wire.ts';
import { refuseWhileClosing, type ServerContext } from './server-context.ts';
import { UploadFolder } from './upload-folder.ts';
import { uploadPath } from './upload-path.ts';

/** The first extension of each is the one a name without any is given. */
const EXTENSIONS = {
  'text/plain': ['.txt', '.text'],
  'text/markdown': ['.md', '.markdown'],
  'text/html': ['.html', '.htm'],
  'application/jsonl': ['.jsonl', '.ndjson'],
} as const;

const MEDIA_TYPES = ['text/plain', 'text/markdown', 'text/html', 'application/jsonl'] as const;

const bodySchema = z
  .strictObject({
    documents: z
      .array(
        z.strictObject({
          name: z.string().trim().min(1, 'must not be empty').max(1000),
          text: z.string().min(1, 'must not be empty'),
          media_type: z.enum(MEDIA_TYPES).optional().describe('Told by the name where absent.'),
        }),
      )
      .min(1)
      .max(10_000),
  })
  .register(apiSchemas, { id: 'AddDocumentsRequest' });

type TextDocument = z.output<typeof bodySchema>['documents'][number];

/** `POST /documents`: stores files and starts the ingest that makes them answerable. */
export function addDocumentsRoute(context: ServerContext): Endpoint {
  const { citestream, options } = context;
  return defineEndpoint({
    method: 'POST',
    path: '/documents',
    operationId: 'addDocuments',
    summary: 'Adds documents, or new versions of them, and starts their ingest',
    tag: 'documents',
    body: bodySchema,
    takesFiles: true,
    maxBodyBytes: options.limits.maxJsonDocumentsBytes,
    responses: {
      202: {
        description: 'The files are stored and their ingest is under way.',
        schema: jobSchema.extend({ files: count().describe('How many files were stored.') }),
        headers: { Location: 'The address of the job.' },
      },
    },
    problems: ['OVERLOADED'],
    async handle({ body, request, reply }) {
      refuseWhileClosing(context);
      await using folder = new UploadFolder(options.uploadsDir, options.limits);
      if (request.isMultipart()) await receiveFiles(request, folder, options.limits.stallMs);
      else for (const document of body.documents) await receiveText(document, folder);
      refuseWhileClosing(context);
      const files = await folder.keep();
      if (files.length === 0) {
        throw new InvalidInputError('The request brings no files; send each as a part with a file name.', {
          field: 'files',
        });
      }
      const job = citestream.jobs.start(files.map(({ path }) => path));
      reply.status(202).header('location', `/documents/jobs/${job.id}`);
      return { ...jobData(job), files: files.length };
    },
  });
}

async function receiveFiles(request: FastifyRequest, folder: UploadFolder, stallMs: number): Promise<void> {
  request.raw.setTimeout(stallMs, () => request.raw.destroy());
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') {
        throw new InvalidInputError(
          `The form has a field "${part.fieldname.slice(0, 100)}" that is no file; send files only.`,
          { field: part.fieldname.slice(0, 100) },
        );
      }
      // A form sends this for a field in which nobody chose a file.
      if ((part.filename ?? '').trim() === '') {
        throw new InvalidInputError(
          'The form has a file without a name; give each a name that tells its kind.',
          {
            field: 'files',
          },
        );
      }
      await folder.receive(part.filename, part.file);
    }
  } catch (thrown) {
    await drainRequest(request.raw);
    throw isBrokenForm(thrown)
      ? new InvalidInputError(`The body is not a whole multipart form: ${thrown.message}.`, { cause: thrown })
      : thrown;
  } finally {
    request.raw.setTimeout(0);
  }
}

/** The parser of forms throws errors without a code; the file system's and Fastify's have one. */
function isBrokenForm(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'Error' && !('code' in thrown);
}

async function receiveText(
  { name, text, media_type: mediaType }: TextDocument,
  folder: UploadFolder,
): Promise<void> {
  const place = uploadPath(name);
  const extension = extname(place).toLowerCase();
  const expected: readonly string[] = mediaType === undefined ? [] : EXTENSIONS[mediaType];
  const missing = mediaType === undefined ? extension === '' : !expected.includes(extension);
  await folder.receive(missing ? `${place}${expected[0] ?? '.txt'}` : place, chunksOf(text));
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
