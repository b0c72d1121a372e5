import { randomUUID } from 'node:crypto';

/** The name of what one commit stores, later ones greater: its time, and what tells it from others of that time. */
export function newVersion(): string {
  return `${new Date().toISOString()} ${randomUUID()}`;
}

/** When a version was stored, ISO 8601. */
export function timeOfVersion(version: string): string {
  return version.slice(0, version.indexOf(' '));
}
