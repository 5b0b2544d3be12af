import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asText, csvLine, rejectColumns } from '../../services/imports/reading/index.ts';
import { recordsOf } from '../support/records-of.ts';

/** As a spreadsheet sees it, which takes the quotes away first. */
const formula = /^[\t\n\r+\-=@\uff0b\uff0d\uff1d\uff20]/;
const hostile = fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '\uff1d', "'", '"', ',', ';', ' ', '1', 'A'), maxLength: 8 });
const line = (cells: readonly string[]): string => csvLine(cells.map(asText));

describe('a file of rejected rows', () => {
  test('has no cell that runs, and is read as what was sent, whatever that was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(hostile, hostile), { minLength: 1, maxLength: 5 }), async (rows) => {
        const file = line([...rejectColumns, 'a', 'b']) + rows.map((row) => line(['2', 'a: is missing', ...row])).join('');
        for (const row of rows) expect(row.map(asText).filter((cell) => formula.test(cell))).toEqual([]);
        const { rows: read, bad } = await recordsOf(file, { delimiter: ',' });
        expect(bad).toEqual([]);
        expect(read.map(([, , , ...fields]) => fields)).toEqual(rows.map((row) => [...row]));
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['=1+1', "'=1+1"],
    ["'=1+1", "''=1+1"],
    ['-5', "'-5"],
    ["'s-Hertogenbosch", "'s-Hertogenbosch"],
    ["O'Neill", "O'Neill"],
    ['', ''],
  ])('shows %j as %j', (field, shown) => {
    expect(asText(field)).toBe(shown);
  });

  test('is no longer one when a person has written over a cell: that is taken as it stands', async () => {
    const { rows } = await recordsOf(`${rejectColumns.join(',')},a,b\r\n2,"a: is missing",-5,'s-Hertogenbosch\r\n`);
    expect(rows).toEqual([[2, '2', 'a: is missing', '-5', "'s-Hertogenbosch"]]);
  });

  test('has its columns called as they were', async () => {
    const { header } = await recordsOf(line([...rejectColumns, '=cmd', 'b']) + line(['2', 'why', '1', '2']));
    expect(header).toEqual(['_line', '_reason', '=cmd', 'b']);
  });
});

test('an apostrophe in any other file stays, whatever is behind it', async () => {
  for (const header of ['_line,a', '_reason,_line', 'a,_line', '_line ,_Reason']) {
    expect((await recordsOf(`${header}\n'=1+1,'-x\n`)).rows).toEqual([[2, "'=1+1", "'-x"]]);
  }
});
