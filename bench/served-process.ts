import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const main = new URL('../src/cli/main.ts', import.meta.url).pathname;

/** A `citestream serve` of its own process; disposing it ends it with SIGTERM. */
export interface ServedProcess extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly address: string;
}

/** Starts `citestream serve` from the sources in a folder, on a free port, and waits until it says where it is. */
export async function startServer(
  folder: string,
  { words, nodeFlags = [] }: { readonly words: readonly string[]; readonly nodeFlags?: readonly string[] },
): Promise<ServedProcess> {
  const server = spawn(
    process.execPath,
    [...nodeFlags, main, 'serve', '--port', '0', '--log-level', 'error', ...words],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(server, 'exit');
  const killAtExit = (): void => void server.kill('SIGKILL');
  process.once('exit', killAtExit);
  for await (const line of createInterface({ input: server.stdout })) {
    const [address] = /http:\/\/\S+:\d+/.exec(line) ?? [];
    if (address === undefined) continue;
    server.stdout.resume();
    return {
      address,
      async [Symbol.asyncDispose]() {
        server.kill('SIGTERM');
        await ended;
        process.off('exit', killAtExit);
      },
    };
  }
  throw new Error('The server ended before it said its address; its own words are above.');
}
