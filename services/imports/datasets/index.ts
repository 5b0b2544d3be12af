/** The datasets that can be imported. */
import { csvLine } from '../reading/write-csv.ts';
import { attendees } from './attendees.ts';
import type { ImportDataset } from './dataset.ts';
import { products } from './products.ts';
import { users } from './users.ts';
import { vehicles } from './vehicles.ts';

export type { Column, ImportDataset } from './dataset.ts';
export { mapColumns, type ColumnMapping, type MappedColumns } from './map-columns.ts';

export const importDatasets = { users, vehicles, products, attendees } as const satisfies Record<string, ImportDataset>;
export type ImportDatasetName = keyof typeof importDatasets;
export const importDatasetNames: readonly ImportDatasetName[] = ['users', 'vehicles', 'products', 'attendees'];

export function findImportDataset(name: string): ImportDataset | undefined {
  return new Map<string, ImportDataset>(Object.entries(importDatasets)).get(name);
}

/** A csv that can be imported as it is. */
export function exampleFile({ columns }: ImportDataset): string {
  return csvLine(columns.map(({ name }) => name)) + csvLine(columns.map(({ example }) => example));
}
