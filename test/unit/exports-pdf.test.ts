import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { maxPdfRows } from '../../contracts/exports/flow.ts';
import { datasets } from '../../services/exports/datasets/index.ts';
import { layOut, margin, shared } from '../../services/exports/pdf/layout.ts';
import { writePdf } from '../../services/exports/pdf/index.ts';
import type { Row } from '../../services/exports/rows.ts';
import type { Snapshot } from '../../services/exports/snapshot.ts';
import { all, pagesOf } from '../support/readers.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-pdf-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const user = (n: number, more: Partial<Record<number, string>> = {}): string[] => ['u-' + String(n), `u${n}@example.org`, 'Ada', 'Lovelace', 'London', '1815-12-10', '1234.50', '2027-05-01 14:03:22', '2027-05-01 14:03:22'].map((value, at) => more[at] ?? value);

function snapshotOf(rows: readonly (readonly string[])[]): Snapshot {
  return {
    count: async () => await Promise.resolve(rows.length),
    async *copy() {
      for (const row of rows) yield await Promise.resolve(Buffer.from(`${row.map((field) => field.replaceAll('\n', '\\n')).join('\t')}\n`));
    },
    close: async () => await Promise.resolve(),
  };
}

async function pdfOf(rows: readonly (readonly string[])[], total = rows.length): Promise<Buffer> {
  const pieces = writePdf({ snapshot: snapshotOf(rows), selection: { tenantId: 't', dataset: 'users', filters: { city: 'London' } }, total, createdAt: new Date('2027-05-01T14:03:00Z'), bom: false, onRows: () => undefined });
  return Buffer.concat(await all(pieces));
}

describe('a PDF', () => {
  test('repeats its head on every page, numbers the pages, and has every row once', async () => {
    const pages = await pagesOf(await pdfOf(Array.from({ length: 120 }, (_, at) => user(at + 1))), folder);
    if (pages === undefined) return;
    expect(pages.length).toBeGreaterThan(2);
    for (const [at, page] of pages.entries()) {
      expect(page).toMatch(/external_id +email +first_name +last_name +city +birth_date +credit +created_at +updated_at/);
      expect(page).toContain(`Page ${at + 1}`);
      expect(page).toContain('2027-05-01 14:03 UTC · 120 rows · city London');
    }
    expect([...pages.join('\n').matchAll(/\bu-(\d+)\b/g)].map(([, n]) => Number(n))).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
    expect(pages[0]).toContain('1,234.50');
  });

  test('breaks long text into lines, and cuts off what would fill a page', async () => {
    const pages = await pagesOf(await pdfOf([user(1, { 4: 'very long words '.repeat(20).trim() }), user(2, { 4: 'x'.repeat(5_000) })]), folder);
    if (pages === undefined) return;
    expect(pages).toHaveLength(1);
    expect(pages[0]?.match(/very long words/g)?.length).toBeGreaterThan(3);
    expect(pages[0]).toContain('…');
  });

  test('shows any alphabet', async () => {
    const [page] = (await pagesOf(await pdfOf([user(1, { 2: '张伟', 3: '山田太郎', 4: 'กรุงเทพมหานคร' }), user(2, { 2: 'Наталья', 3: 'שלום', 4: '한국어' })]), folder)) ?? [];
    if (page === undefined) return;
    for (const name of ['张伟', '山田太郎', 'กรุงเทพมหานคร', 'Наталья', '한국어']) expect(page).toContain(name);
    expect(page).toMatch(/שלום|םולש/);
    expect(page).not.toContain('\ufffd');
  });

  test('of the same rows is the same file', async () => {
    const rows = [user(1), user(2, { 2: '张伟' })];
    expect((await pdfOf(rows)).equals(await pdfOf(rows))).toBe(true);
  });

  test('of more rows than anybody reads is refused before anything is drawn, with what to do instead', async () => {
    await expect(pdfOf([user(1)], maxPdfRows + 1)).rejects.toMatchObject({ name: 'TooLarge', message: 'A PDF has at most 20,000 rows, and these are 20,001. Narrow them down with filters, or choose csv, ndjson or xlsx.' });
  });
});

describe('its columns', () => {
  test('share what there is: the narrow get what they want, the wide the rest', () => {
    expect(shared([10, 20, 30], 100)).toEqual([10, 20, 30]);
    expect(shared([10, 90, 200], 100)).toEqual([10, 45, 45]);
    expect(shared([50, 50], 20)).toEqual([10, 10]);
  });

  test.each(Object.values(datasets))('of $title stay on the paper however wide the rows are', async ({ columns }) => {
    async function* rows(): AsyncGenerator<readonly Row[]> {
      yield await Promise.resolve([columns.map(() => 'W'.repeat(500))]);
    }
    const layout = await layOut(columns, rows());
    const last = layout.columns.at(-1);
    expect((last?.left ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual(layout.page.width - margin + 0.01);
    expect(Math.min(...layout.columns.map(({ width }) => width))).toBeGreaterThan(15);
  });
});
