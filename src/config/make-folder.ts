import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it where they are missing; throws what `mkdir` throws where that cannot be.
 * Node's own recursive `mkdir` never returns where a file system refuses with ENOENT below a folder that exists, as
 * `/proc` does.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path || statSync(above, { throwIfNoEntry: false })?.isDirectory())
      throw error;
    makeFolder(above);
    mkdirSync(path);
  }
}
