/** Statements that come again are planned once; a migration beside running processes costs one try and no more. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql, type Kysely } from 'kysely';
import type { Databases } from '../../services/database/connection.ts';
import { isConflict } from '../../services/database/errors.ts';
import type { Database } from '../../services/database/schema.ts';
import { openTestDatabase } from '../support/database.ts';

let databases: Databases;
beforeAll(async () => void (databases = await openTestDatabase()));
afterAll(async () => await databases.close());

const table = sql.table(`prepared_${process.pid}`);
const look = async (db: Kysely<Database>): Promise<unknown[]> => (await sql`SELECT * FROM ${table} WHERE id = ${1}`.execute(db)).rows;
const prepared = async (db: Kysely<Database>): Promise<number> => {
  const { rows } = await sql<{ n: number }>`SELECT count(*)::integer AS n FROM pg_prepared_statements WHERE name LIKE 'holdfast%' AND statement LIKE ${`%prepared_${process.pid}%`}`.execute(db);
  return rows[0]?.n ?? -1;
};

test('a statement is prepared when it comes again, and planned anew when its table has changed', async () => {
  await databases.write.connection().execute(async (db) => {
    await sql`CREATE TEMPORARY TABLE ${table} (id integer)`.execute(db);
    await sql`INSERT INTO ${table} VALUES (1)`.execute(db);
    await look(db);
    expect(await prepared(db)).toBe(0);
    for (let again = 0; again < 8; again += 1) expect(await look(db)).toEqual([{ id: 1 }]);
    expect(await prepared(db)).toBe(1);

    await sql`ALTER TABLE ${table} ADD COLUMN name text DEFAULT 'new'`.execute(db);
    const error = await look(db).then(() => undefined, (reason: unknown) => reason);
    expect(String(error)).toContain('cached plan');
    // Whoever asked tries it again.
    expect(isConflict(error)).toBe(true);
    for (let again = 0; again < 8; again += 1) expect(await look(db)).toEqual([{ id: 1, name: 'new' }]);
  });
});

test('as many statements as there are lists are not kept', async () => {
  const others = await openTestDatabase();
  await others.write.connection().execute(async (db) => {
    for (let length = 1; length <= 400; length += 1) {
      for (let again = 0; again < 3; again += 1) await sql`SELECT ${sql.join(Array.from({ length }, (_, at) => sql`${at}::integer`))}`.execute(db);
    }
    const { rows } = await sql<{ n: number }>`SELECT count(*)::integer AS n FROM pg_prepared_statements`.execute(db);
    expect(rows[0]?.n).toBeLessThanOrEqual(200);
    expect(rows[0]?.n).toBeGreaterThan(100);
  });
  await others.close();
});
