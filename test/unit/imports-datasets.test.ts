import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { minorAmount } from '../../services/imports/datasets/fields.ts';
import { exampleFile, findImportDataset, importDatasetNames, importDatasets, mapColumns, type Column, type ImportDataset } from '../../services/imports/datasets/index.ts';
import { createPlan } from '../../services/imports/load/plan.ts';

const { users, vehicles, attendees } = importDatasets;
const userHeader = users.columns.map(({ name }) => name);
const detailOf = (header: readonly string[], mapping?: Readonly<Record<string, string>>): string | undefined => {
  const mapped = mapColumns(header, users, mapping);
  return 'refused' in mapped && mapped.refused === 'header_invalid' ? mapped.detail : undefined;
};

describe('the columns of a file', () => {
  test('are found by name or alias, whatever the case, spaces, dots, hyphens, underscores and accents', () => {
    expect(mapColumns(['E-Mail', 'User.ID', ' First  Name', 'Cité', 'Note', 'SURNAME', 'Date of Birth', 'crédit'], users)).toEqual({
      columns: { external_id: 1, email: 0, first_name: 2, last_name: 5, birth_date: 6, credit: 7 },
      ignored: ['Cité', 'Note'],
    });
  });

  test('a name is stronger than an alias', () => {
    expect(mapColumns(['id', 'external_id', 'email'], users)).toEqual({ columns: { external_id: 1, email: 2 }, ignored: ['id'] });
  });

  test('that are there twice are named with their places', () => {
    expect(detailOf(['external_id', 'email', 'E-Mail'])).toBe('The file has email 2 times: "email" is column 2, "E-Mail" is column 3. Say by the mapping which one is meant.');
  });

  test('that are missing are named, and what comes near', () => {
    expect(detailOf(['external_id', 'emial', 'city'])).toBe('The column email is missing. Is it "emial"? Then say so by the mapping. The file has "external_id", "emial", "city".');
    expect(detailOf(['colour'])).toBe('The column external_id is missing. The column email is missing. The file has "colour".');
  });

  test('of a file without a header are all missing, and the message stays short', () => {
    const detail = detailOf(Array.from({ length: 500 }, (_, at) => `value ${at}`));
    expect(detail).toContain('and 488 more');
    expect(detail?.length).toBeLessThan(500);
  });

  test('are taken from where the mapping says; the rest is still found', () => {
    expect(mapColumns(['Kunde', 'email', 'E-Mail', 'town'], users, { external_id: 'kunde', email: 'Email' })).toMatchObject({ refused: 'header_invalid' });
    expect(mapColumns(['Kunde', 'Adresse', 'email', 'town'], users, { external_id: 'kunde', email: 'Adresse' })).toEqual({ columns: { external_id: 0, email: 1, city: 3 }, ignored: ['email'] });
  });

  test('are left out by an empty header in the mapping, unless they are needed', () => {
    expect(mapColumns(userHeader, users, { credit: '' })).toMatchObject({ ignored: ['credit'] });
    expect(detailOf(userHeader, { email: '' })).toBe('The mapping leaves out email, which users need.');
  });

  test.each([
    ['a column that the dataset does not have', { mail_address: 'email' }, 'have no such column'],
    ['a header that the file does not have', { email: 'Post' }, 'but the file has no such column'],
    ['one header for two columns', { email: 'city', city: 'city' }, 'takes two columns from "city"'],
    ['a name that every object has', { constructor: 'email' }, 'have no such column'],
  ])('a mapping is refused that names %s', (_, mapping, said) => {
    expect(detailOf(userHeader, mapping)).toContain(said);
  });
});

// Lone surrogates and unassigned ones included.
const anyCharacter = fc.oneof(fc.integer({ min: 0, max: 0x2fff }), fc.integer({ min: 0, max: 0x10_ffff })).map((code) => String.fromCodePoint(code));

describe('every dataset', () => {
  const datasets = importDatasetNames.map((name) => importDatasets[name]);
  const plain = (name: string): string => name.replace(/[\s_.-]/g, '').toLowerCase();

  test.each(datasets)('$name takes its own example file', (dataset: ImportDataset) => {
    const [header = '', line = ''] = exampleFile(dataset).split('\r\n');
    const mapped = mapColumns(header.split(','), dataset);
    if ('refused' in mapped) throw new Error(mapped.detail);
    expect(mapped.ignored).toEqual([]);
    expect(createPlan(dataset, mapped.columns).read(line.split(','))).toMatchObject({ key: dataset.key.map((name) => dataset.columns.find((column) => column.name === name)?.example).join('\n') });
  });

  test.each(datasets)('$name has no two columns with one name, and a target for each column', (dataset: ImportDataset) => {
    const names = dataset.columns.flatMap(({ name, aliases }) => [name, ...aliases].map(plain));
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    expect(dataset.columns.filter(({ name }) => !dataset.targets.some(({ from }) => from.includes(name)))).toEqual([]);
    expect(dataset.key.every((name) => dataset.columns.some((column) => column.name === name && column.required))).toBe(true);
  });

  test.each(datasets)('$name says something short of whatever is in a field, and never quotes it', (dataset: ImportDataset) => {
    const columns = Object.fromEntries(dataset.columns.map(({ name }, at) => [name, at]));
    const plan = createPlan(dataset, columns);
    const examples = dataset.columns.map(({ example }) => example);
    fc.assert(
      fc.property(fc.nat(dataset.columns.length - 1), fc.string({ unit: anyCharacter, maxLength: 300 }), (at, field) => {
        const row = plan.read(examples.with(at, field));
        if (typeof row === 'string') expect(row).toMatch(/^[a-z_]+: [\w ,.:-]{1,60}$/);
        else expect(row.copy.replaceAll(/\\[\\nrtN]|\t/g, '')).not.toMatch(/[\\\p{Cc}]/u);
      }),
      { numRuns: 300 },
    );
  });

  test.each(datasets)('$name takes no half of a character in any column, however often it comes', (dataset: ImportDataset) => {
    const plan = createPlan(dataset, Object.fromEntries(dataset.columns.map(({ name }, at) => [name, at])));
    const examples = dataset.columns.map(({ example }) => example);
    for (const [at, { name }] of dataset.columns.entries()) for (let time = 0; time < 2; time += 1) expect(plan.read(examples.with(at, 'a\ud800'))).toMatch(new RegExp(`^${name}: `));
  });

  test('is found by its name alone', () => {
    expect(findImportDataset('users')).toBe(users);
    expect([findImportDataset('toString'), findImportDataset('__proto__'), findImportDataset('Users')]).toEqual([undefined, undefined, undefined]);
  });
});

describe('fields', () => {
  const column = (dataset: ImportDataset, name: string): Column => {
    const found = dataset.columns.find((column) => column.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  const accepted = (dataset: ImportDataset, name: string, field: string): unknown => column(dataset, name).schema.safeParse(field).data;

  test('of money are exact to the last hundredth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), (minor) => {
        const digits = String(minor).padStart(3, '0');
        expect(accepted(users, 'credit', `${digits.slice(0, -2)}.${digits.slice(-2)}`)).toBe(minor);
      }),
    );
    expect(['0', '7', '0.1', '007.10', '9999999999.99'].map((field) => accepted(users, 'credit', field))).toEqual([0, 700, 10, 710, 999_999_999_999]);
  });

  test.each(['-1', '+1', '1.234', '1,50', '1e3', '.5', '5.', '0x10', 'NaN', '10000000000', '١٢', '1 000'])('of money are not %s', (field) => {
    expect(accepted(users, 'credit', field)).toBeUndefined();
  });

  test('of a price have the decimals of the currency', () => {
    expect([minorAmount('12.5', 'EUR'), minorAmount('12.500', 'EUR'), minorAmount('12', 'JPY'), minorAmount('12.00', 'JPY'), minorAmount('1.234', 'KWD')]).toEqual([1_250, 1_250, 12, 12, 1_234]);
    expect([minorAmount('12.5', 'JPY'), minorAmount('1.001', 'EUR')]).toEqual(['has more decimals than there are in JPY', 'has more decimals than there are in EUR']);
    expect([minorAmount('100', 'JPY'), minorAmount('0', 'EUR'), minorAmount('9999999999', 'KWD')]).toEqual([100, 0, 'is more than can be kept']);
  });

  test('of a day are days that there were', () => {
    expect(['2000-02-29', '1900-01-01'].map((field) => accepted(users, 'birth_date', field))).toEqual(['2000-02-29', '1900-01-01']);
    expect(['1900-02-29', '1899-12-31', '2999-01-01', '01.02.2000', '2000-1-1', '2000-01-01T00:00:00Z'].map((field) => accepted(users, 'birth_date', field))).toEqual(Array.from({ length: 6 }));
  });

  test('are trimmed, and refuse what no screen shows', () => {
    expect(accepted(attendees, 'ticket', '  Balcony ')).toBe('Balcony');
    expect(['a\u0000', 'a\u202eb', 'a\nb', 'x'.repeat(101)].map((field) => accepted(attendees, 'ticket', field))).toEqual(Array.from({ length: 4 }));
    expect(accepted(vehicles, 'mileage', '10000001')).toBeUndefined();
  });
});
