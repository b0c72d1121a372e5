import { z } from 'zod';

import type { SessionRecord } from '../chat/history-store.ts';
import { apiSchemas, count, timestamp } from './api-schemas.ts';

/** A conversation, as it is listed. */
export const sessionSchema = z
  .object({
    id: z.string(),
    title: z.string().describe('The first question, shortened.'),
    created_at: timestamp(),
    updated_at: timestamp(),
    turn_count: count(),
  })
  .register(apiSchemas, { id: 'Session' });

/** A conversation as it goes over the wire. */
export function sessionData(session: SessionRecord): z.output<typeof sessionSchema> {
  const { id, title, createdAt, updatedAt, turns } = session;
  return { id, title, created_at: createdAt, updated_at: updatedAt, turn_count: turns };
}
