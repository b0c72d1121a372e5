import { constants } from 'node:os';

/** The reason of the signal when somebody ended the program. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** 130 for Ctrl-C, 143 for SIGTERM. */
  readonly exitCode: number;

  constructor(signalName: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`Ended by ${signalName}.`);
    this.exitCode = 128 + constants.signals[signalName];
  }
}

/** What Ctrl-C and SIGTERM do: the first one aborts the signal, the second one ends the process at once. */
export function listenForInterruption(process: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  for (const signalName of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const interrupted = new Interrupted(signalName);
    process.on(signalName, () => {
      if (controller.signal.aborted) process.exit(interrupted.exitCode);
      controller.abort(interrupted);
    });
  }
  return controller.signal;
}
