import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exportDatasets } from '../../contracts/exports/flow.ts';
import { filterNames } from '../../contracts/exports/filters.ts';
import { datasets } from '../../services/exports/datasets/index.ts';
import { readRows } from '../../services/exports/rows.ts';
import { selectCount, selectRows } from '../../services/exports/select.ts';
import { all } from '../support/readers.ts';

describe('the select of an export', () => {
  test.each(exportDatasets)('of %s names its tenant, and has the filters that callers are offered', (dataset) => {
    const select = selectRows({ tenantId: "o'connor", dataset, filters: {} }, 'csv');
    expect(select).toContain(` WHERE ${datasets[dataset].tenant} = 'o''connor' ORDER BY `);
    expect(Object.keys(datasets[dataset].filters).toSorted()).toEqual([...filterNames(dataset)].toSorted());
  });

  test('keeps whatever a filter is given within its literal', () => {
    const select = selectCount({ tenantId: 't', dataset: 'users', filters: { city: "x' OR '1'='1", updatedFrom: '\\' } });
    expect(select).toBe(String.raw`SELECT count(*) FROM users AS u WHERE u.tenant_id = 't' AND u.city = 'x'' OR ''1''=''1' AND u.updated_at >=  E'\\'::timestamptz`);
  });

  test('has no filter that is not defined', () => {
    expect(() => selectCount({ tenantId: 't', dataset: 'users', filters: { constructor: 'x' } })).toThrow(RangeError);
  });
});

describe('rows', () => {
  const inCopy = (field: string | null): string => (field === null ? '\\N' : field.replaceAll(/[\\\b\f\n\r\t\v]/g, (character) => `\\${{ '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v' }[character] ?? ''}`));

  test('come out of COPY as they were, wherever the pieces end', async () => {
    const rows = fc.integer({ min: 1, max: 4 }).chain((columns) => fc.array(fc.array(fc.option(fc.string({ unit: fc.constantFrom('a', 'N', '\\', '\t', '\n', '\r', '\b', '\v', '\f', 'é', '漢', '😀', ' ') })), { minLength: columns, maxLength: columns })));
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 20 }), async (rows, size) => {
        const bytes = Buffer.from(rows.map((row) => `${row.map(inCopy).join('\t')}\n`).join(''));
        async function* pieces(): AsyncGenerator<Uint8Array> {
          for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
        }
        expect((await all(readRows(pieces()))).flat()).toEqual(rows);
      }),
    );
  });
});
