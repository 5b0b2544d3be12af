import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Databases } from '../../services/database/connection.ts';
import { rejectsFile } from '../../services/database/imports/rejects.ts';
import { createTenant, openTestDatabase } from '../support/database.ts';
import { openDesk, writeImport } from '../support/imports.ts';

const tenantId = `import-rejects-${randomUUID()}`;
const mebibyte = 1024 * 1024;

let databases: Databases;
beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, tenantId);
});
afterAll(async () => await databases.close());

test('rejected rows come in their order, each once, and however large they are a few of them at a time', async () => {
  const importId = await writeImport(await openDesk(databases), { tenantId, dataset: 'users', header: 'external_id,email', chunks: [['1,a@example.org']] });
  const reject = async (fileNo: number, from: number, to: number, id: string): Promise<unknown> =>
    await sql`INSERT INTO import_rejects (tenant_id, import_id, file_no, line, reason, fields)
      SELECT ${tenantId}, ${importId}, ${fileNo}::integer, n, 'email: is missing', json_build_array(${id}::text || n, '') FROM generate_series(${from}::bigint, ${to}::bigint) AS n`.execute(databases.write);
  await reject(1, 2, 2_501, 'small-');
  // It compresses as well as anything does.
  await reject(1, 2_502, 2_531, 'x'.repeat(mebibyte));
  await reject(2, 2, 11, 'last-');

  const lines: string[] = [];
  let most = 0;
  for await (const piece of (await rejectsFile(databases.write, { tenantId, importId })) ?? []) {
    most = Math.max(most, piece.length);
    for (const line of piece.split('\r\n')) if (line !== '') lines.push(line.slice(0, 40));
  }
  expect(most).toBeLessThan(16 * mebibyte);
  expect(lines).toHaveLength(1 + 2_500 + 30 + 10);
  expect(lines[0]).toBe('_line,_reason,external_id,email');
  expect(lines.slice(1).map((line) => Number(line.split(',')[0]))).toEqual([...Array.from({ length: 2_530 }, (_, at) => at + 2), ...Array.from({ length: 10 }, (_, at) => at + 2)]);
  expect(new Set(lines.slice(1, 2_501)).size).toBe(2_500);
});
