/** Errors on the wire: RFC 9457 `application/problem+json`. */
import { z } from 'zod';

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('Stable; see the failures table in the documentation.'),
  detail: z.string(),
  instance: z.string().optional(),
  requestId: z.string().optional(),
  retry_after: z.int().optional().describe('Seconds to wait before the next try.'),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof problem>;
