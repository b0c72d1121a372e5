import { toCitestreamError } from '../errors.ts';
import type { RunCommand } from './command.ts';
import { doctorChecks } from './doctor-checks.ts';
import { oneLine } from './one-line.ts';

const CHECK_TIMEOUT_MS = 15_000;

/** `citestream doctor`: a line for each check; exit code 1 where something does not work. */
export const doctor: RunCommand = async ({ context, options, load }) => {
  const { stdout, signal } = context;
  const { green, red, bold } = stdout.colors;
  const isJson = options['json'] === true;
  const checks = doctorChecks(load().configuration);
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const results: { readonly name: string; readonly ok: boolean; readonly detail: string }[] = [];
  for (const { name, run } of checks) {
    signal.throwIfAborted();
    const result = await runCheck(async () =>
      run(AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)])),
    );
    signal.throwIfAborted();
    results.push({ name, ...result });
    if (isJson) continue;
    const mark = result.ok ? green('✓') : red('✗');
    stdout.write(`${mark} ${bold(name.padEnd(nameWidth))}  ${oneLine(result.detail)}\n`);
  }
  const ok = results.every((result) => result.ok);
  if (isJson) stdout.write(`${JSON.stringify({ ok, checks: results })}\n`);
  return ok ? 0 : 1;
};

async function runCheck(
  run: () => Promise<string>,
): Promise<{ readonly ok: boolean; readonly detail: string }> {
  try {
    return { ok: true, detail: await run() };
  } catch (thrown) {
    return { ok: false, detail: toCitestreamError(thrown).message };
  }
}
