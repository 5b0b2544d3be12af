/** What is sold on the marketplace, by the rules of contracts/products.ts. */
import { z } from 'zod';
import { productKinds, putProductBody } from '../../../contracts/products.ts';
import type { ImportDataset, Row, RowProblem, Value } from './dataset.ts';
import { id, name, percentage, wholeNumber } from './fields.ts';
import { priceColumns, priceTargets } from './price.ts';

const needsWeight = 'what is shipped needs a weight';
const rules = putProductBody.shape;

const weightOf = (row: Row): Value | null | RowProblem =>
  row['kind'] === 'physical' && row['weight_grams'] === undefined ? { column: 'weight_grams', problem: needsWeight } : (row['weight_grams'] ?? null);

export const products: ImportDataset = {
  name: 'products',
  description: 'Products of the marketplace; the same as `PUT /v1/products/{id}`.',
  key: ['id'],
  columns: [
    { name: 'id', aliases: ['product id', 'external id', 'sku', 'article'], required: true, description: 'The own id of the shop, up to 64 characters. The key.', example: 'p-300', schema: id },
    { name: 'seller_id', aliases: ['seller', 'vendor', 'vendor id'], required: true, description: 'Who sells it, by the own id of the shop.', example: 's-7', schema: id, repeats: true },
    { name: 'name', aliases: ['title'], required: true, description: 'Up to 200 characters.', example: 'Night sky photographs', schema: name },
    { name: 'kind', aliases: ['type'], required: true, description: 'digital (downloaded) or physical (shipped).', example: 'physical', schema: z.string().trim().toLowerCase().pipe(z.enum(productKinds)), repeats: true },
    ...priceColumns('Of one.', '19.00'),
    { name: 'stock', aliases: ['quantity', 'in stock', 'inventory'], required: false, description: 'How many there are. Empty: never sold out.', example: '250', schema: wholeNumber.pipe(rules.stock.unwrap()), repeats: true },
    { name: 'weight_grams', aliases: ['weight', 'weight g', 'grams'], required: false, description: 'Of one, with its wrapping. What is physical needs it.', example: '420', schema: wholeNumber.pipe(rules.weightGrams.unwrap()), repeats: true },
    { name: 'vat_percent', aliases: ['vat', 'vat rate', 'tax rate'], required: false, description: 'Value-added tax contained in the price, in per cent. Empty: that of the shop.', example: '20', schema: percentage, repeats: true },
  ],
  table: 'products',
  targets: [
    { column: 'id', type: 'text', from: ['id'] },
    { column: 'seller_id', type: 'text', from: ['seller_id'] },
    { column: 'name', type: 'text', from: ['name'] },
    { column: 'kind', type: 'text', from: ['kind'] },
    ...priceTargets,
    { column: 'stock', type: 'integer', from: ['stock'] },
    { column: 'weight_grams', type: 'integer', from: ['weight_grams'], value: weightOf },
    { column: 'vat_basis_points', type: 'integer', from: ['vat_percent'] },
  ],
  // What is not downloaded any more has no file, as with the PUT.
  alsoOnUpdate: (staged, stored) => ({
    file_key: `CASE ${staged}.kind WHEN 'digital' THEN ${stored}.file_key END`,
    file_name: `CASE ${staged}.kind WHEN 'digital' THEN ${stored}.file_name END`,
  }),
  checks: [
    {
      column: 'weight_grams',
      problem: needsWeight,
      without: 'weight_grams',
      where: `s.kind = 'physical' AND NOT EXISTS (SELECT FROM products AS p WHERE p.tenant_id = $1 AND p.id = s.id AND p.weight_grams IS NOT NULL)`,
    },
  ],
};
