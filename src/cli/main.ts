#!/usr/bin/env node
/** The program `citestream`: looks whether it can run here, then hands over. Nothing is imported before. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(
    `citestream: Node 22.13 or newer is needed, and this is Node ${process.versions.node}.\n`,
  );
  process.exit(1);
}

// node:sqlite works as it is used here; every other warning stays.
const emitWarning = process.emitWarning.bind(process) as (...parameters: readonly unknown[]) => void;
process.emitWarning = (...parameters: readonly unknown[]): void => {
  if (!String(parameters[0]).startsWith('SQLite is an experimental feature')) emitWarning(...parameters);
};

// `citestream ask … | head` closes the pipe when it has seen enough; what else keeps an answer back is a failure.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') process.stderr.write(`citestream: the output cannot be written: ${message}.\n`);
  process.exit(code === 'EPIPE' ? 0 : 1);
});
// Progress that nobody reads any more is no reason to leave the work half done.
process.stderr.on('error', () => {});

const { keepTemporaryFilesTogether } = await import('./temporary-folder.ts');
keepTemporaryFilesTogether();
const { listenForInterruption } = await import('./interruption.ts');
const signal = listenForInterruption(process);
const [{ openTerminal }, { runCommandLine }] = await Promise.all([
  import('./terminal.ts'),
  import('./run-command-line.ts'),
]);
const exitCode = await runCommandLine({
  words: process.argv.slice(2),
  environment: process.env,
  context: {
    stdin: process.stdin,
    stdout: openTerminal(process.stdout, process.env),
    stderr: openTerminal(process.stderr, process.env),
    directory: workingDirectory(),
    signal,
  },
});
// What is written has left before the process ends, whatever timers and threads of libraries are still there.
await new Promise((resolve) => process.stdout.write('', resolve));
process.exit(exitCode);

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    process.stderr.write('citestream: the working directory is gone; change to another one.\n');
    process.exit(1);
  }
}
