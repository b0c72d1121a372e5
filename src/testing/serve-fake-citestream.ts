import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createHttpServer, type HttpServer } from '../server/http-server.ts';
import type { ServerOptions } from '../server/server-options.ts';
import { fakeCitestream, type FakeCitestream, type FakeCitestreamOptions } from './fake-citestream.ts';

/** A server of a fake citestream on a free port; disposing it closes all and removes its folder. */
export interface ServedFake extends AsyncDisposable {
  readonly server: HttpServer;
  readonly citestream: FakeCitestream;
  readonly directory: string;
  /** Without a slash at its end. */
  readonly address: string;
}

/** Serves a fake citestream over a real socket. */
export async function serveFakeCitestream(
  fake: Omit<FakeCitestreamOptions, 'directory'> = {},
  options: ServerOptions = {},
): Promise<ServedFake> {
  const directory = await mkdtemp(join(tmpdir(), 'citestream-'));
  const citestream = fakeCitestream({ ...fake, directory });
  const server = createHttpServer(citestream, { port: 0, ...options });
  const address = await server.listen();
  return {
    server,
    citestream,
    directory,
    address,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await citestream[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
