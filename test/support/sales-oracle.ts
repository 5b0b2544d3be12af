/**
 * Whether what was sold is where it belongs: what was paid for is with the customer, once; what was not is back. To be
 * asked when nothing is under way any more. What the money did is told by the oracle of money.
 */
import { sql, type Kysely } from 'kysely';
import type { Database } from '../../services/database/schema.ts';

export interface SaleLine {
  readonly id: string;
  readonly kind: 'vehicle' | 'basket' | 'order';
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly payment: { readonly status: string; readonly amount: number; readonly currency: string } | null;
  readonly items: readonly { readonly productId: string; readonly quantity: number; readonly ships: boolean }[];
  /** Of a vehicle. */
  readonly customerId: string;
  readonly owner: string | null;
  readonly bookingStatus: string | null;
  readonly invoices: number;
  readonly downloads: number;
  readonly labels: number;
  readonly tasks: number;
  /** `purchase_completed → customer`, as often as it was told. */
  readonly told: readonly string[];
}

export interface Goods {
  readonly sales: readonly SaleLine[];
  readonly products: readonly { readonly id: string; readonly stockAtFirst: number | null; readonly stock: number | null; readonly sold: number }[];
  readonly invoiceNumbers: readonly number[];
}

/** @param stockAtFirst of each product that can be sold out. */
export async function readGoods(db: Kysely<Database>, tenantId: string, stockAtFirst: Readonly<Record<string, number>>): Promise<Goods> {
  const { rows: sales } = await sql<SaleLine>`
    WITH sale AS (
      SELECT id, kind, status, amount_minor, currency, payment_id, customer_id, booking_id FROM purchases WHERE tenant_id = ${tenantId}
      UNION ALL SELECT id, 'order', status, amount_minor, currency, payment_id, customer_id, NULL FROM orders WHERE tenant_id = ${tenantId}
    ), item AS (
      SELECT purchase_id AS sale_id, product_id, quantity, kind = 'physical' AS ships FROM purchase_items WHERE tenant_id = ${tenantId}
      UNION ALL SELECT order_id, product_id, quantity, ships FROM order_items WHERE tenant_id = ${tenantId}
    )
    SELECT sale.id, sale.kind, sale.status, sale.amount_minor AS amount, sale.currency, sale.customer_id AS "customerId",
      (SELECT jsonb_build_object('status', p.status, 'amount', p.amount_minor, 'currency', p.currency) FROM payments p WHERE p.tenant_id = ${tenantId} AND p.id = sale.payment_id) AS payment,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('productId', product_id, 'quantity', quantity, 'ships', ships)), '[]') FROM item WHERE item.sale_id = sale.id) AS items,
      (SELECT v.owner_id FROM bookings b JOIN resources v ON v.tenant_id = b.tenant_id AND v.id = b.resource_id WHERE b.tenant_id = ${tenantId} AND b.id = sale.booking_id) AS owner,
      (SELECT b.status FROM bookings b WHERE b.tenant_id = ${tenantId} AND b.id = sale.booking_id) AS "bookingStatus",
      (SELECT count(*)::integer FROM invoices i WHERE i.tenant_id = ${tenantId} AND i.subject_id IN (sale.id, sale.booking_id) AND i.status = 'stored') AS invoices,
      (SELECT count(*)::integer FROM downloads d WHERE d.tenant_id = ${tenantId} AND sale.id IN (d.purchase_id, d.order_id)) AS downloads,
      (SELECT count(*)::integer FROM shipments s WHERE s.tenant_id = ${tenantId} AND s.order_id = sale.id AND s.status = 'labelled') AS labels,
      (SELECT count(*)::integer FROM warehouse_tasks w WHERE w.tenant_id = ${tenantId} AND w.order_id = sale.id) AS tasks,
      (SELECT coalesce(jsonb_agg(n.template || ' → ' || n.audience), '[]') FROM notifications n WHERE n.tenant_id = ${tenantId} AND n.subject_id = sale.id) AS told
    FROM sale ORDER BY sale.id`.execute(db);
  const products = await db.selectFrom('products').select(['id', 'stock', 'sold_count as sold']).where('tenant_id', '=', tenantId).execute();
  const invoices = await db.selectFrom('invoices').select('number').where('tenant_id', '=', tenantId).execute();
  return { sales, products: products.map((product) => ({ ...product, stockAtFirst: stockAtFirst[product.id] ?? null })), invoiceNumbers: invoices.map(({ number }) => number) };
}

/** @returns one line for each thing that is wrong. */
export function problemsWith({ sales, products, invoiceNumbers }: Goods): string[] {
  const completed = sales.filter(({ status }) => status === 'completed');
  const soldOf = (id: string): number => sum(completed.flatMap(({ items }) => items.filter(({ productId }) => productId === id).map(({ quantity }) => quantity)));
  return [
    ...sales.flatMap((sale) => problemsOfSale(sale).map((problem) => `${sale.kind} ${sale.id} (${sale.status}): ${problem}`)),
    ...products.filter(({ id, sold }) => sold !== soldOf(id)).map(({ id, sold }) => `${soldOf(id)} of ${id} were sold, counted were ${sold}`),
    ...products.filter(({ id, stockAtFirst, stock }) => stockAtFirst !== null && stock !== stockAtFirst - soldOf(id)).map(({ id, stockAtFirst, stock }) => `of ${stockAtFirst} ${id} ${soldOf(id)} were sold, and ${stock} are left`),
    ...(Math.max(0, ...invoiceNumbers) === new Set(invoiceNumbers).size && new Set(invoiceNumbers).size === invoiceNumbers.length ? [] : ['the numbers of invoices have a gap, or one is there twice']),
  ];
}

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);

function problemsOfSale(sale: SaleLine): string[] {
  const { kind, status, payment, told } = sale;
  const what = kind === 'order' ? 'order' : 'purchase';
  const times = (notice: string): number => told.filter((one) => one === notice).length;
  if (status === 'completed') {
    const digital = sale.items.filter(({ ships }) => !ships).length;
    const sent = kind === 'order' && digital < sale.items.length ? 1 : 0;
    return wrong([
      [payment !== null && ['settled', 'refunded'].includes(payment.status) && payment.amount === sale.amount && payment.currency === sale.currency, `it is paid with ${JSON.stringify(payment)} instead of ${sale.amount} ${sale.currency}`],
      [kind !== 'vehicle' || (sale.owner === sale.customerId && sale.bookingStatus === 'confirmed'), `the vehicle is ${sale.owner ?? 'nobody'}’s, its booking ${sale.bookingStatus ?? 'nowhere'}`],
      [sale.invoices === 1, `it has ${sale.invoices} invoices`],
      [sale.downloads === digital, `it has ${sale.downloads} downloads for ${digital} digital goods`],
      [sale.labels === sent && sale.tasks === sent, `it has ${sale.labels} labels and ${sale.tasks} tasks for the warehouse instead of ${sent}`],
      [times(kind === 'order' ? 'order_confirmed → customer' : 'purchase_completed → customer') === 1, `the customer was told [${told.join(', ')}]`],
    ]);
  }
  return wrong([
    [status === 'cancelled' || status === 'failed', 'it is between states'],
    [payment === null || ['failed', 'refunded'].includes(payment.status), `its payment is ${payment?.status ?? 'nowhere'}`],
    [kind !== 'vehicle' || (sale.owner === null && sale.bookingStatus !== 'confirmed'), `the vehicle is ${sale.owner ?? 'nobody'}’s, its booking ${sale.bookingStatus ?? 'nowhere'}`],
    [sale.downloads + sale.labels + sale.tasks === 0, `it left ${sale.downloads} downloads, ${sale.labels} labels, ${sale.tasks} tasks for the warehouse`],
    [times(`${what}_${status} → customer`) === 1 && times(`${what}_${status} → administrators`) === 1, `they were told [${told.join(', ')}]`],
  ]);
}

const wrong = (expectations: readonly (readonly [right: boolean, problem: string])[]): string[] => expectations.flatMap(([right, problem]) => (right ? [] : [problem]));
