import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const main = new URL('../src/cli/main.ts', import.meta.url).pathname;

/** A `citestream simulate bedrock` of its own process; disposing it ends it with SIGTERM. */
export interface BedrockProcess extends AsyncDisposable {
  /** What makes an AWS client in another process talk to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many answers are being written now. */
  openStreams(): Promise<number>;
}

/** Starts a simulated Bedrock that gives everyone the same answer of so many words, a word a token. */
export async function startBedrockProcess(
  folder: string,
  { words, tokensPerSecond }: { readonly words: number; readonly tokensPerSecond: number },
): Promise<BedrockProcess> {
  const answers = join(folder, 'answer.txt');
  writeFileSync(answers, Array.from({ length: words }, (_, index) => `word${index % 100}`).join(' '));
  const flags = ['--port', '0', '--answers', answers, '--tokens-per-second', String(tokensPerSecond)];
  const child = spawn(process.execPath, [main, 'simulate', 'bedrock', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const environment: Record<string, string> = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, value] = /export (\w+)=(.*)/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) environment[name] = value;
    if (line.startsWith('Then')) break;
  }
  child.stdout.resume();
  const address = environment['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'];
  if (address === undefined) throw new Error('The simulator ended before it said its address.');
  return {
    environment,
    async openStreams() {
      const answer = await fetch(new URL('/_simulator/counts', address));
      return ((await answer.json()) as { readonly open_now: number }).open_now;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      process.off('exit', killAtExit);
    },
  };
}
