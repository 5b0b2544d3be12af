import { describe, expect, test } from '@jest/globals';
import { problemsWith, type Goods, type SaleLine } from '../support/sales-oracle.ts';

const settled = (amount: number): SaleLine['payment'] => ({ status: 'settled', amount, currency: 'EUR' });
const nothing = { currency: 'EUR', customerId: 'ada', owner: null, bookingStatus: null, items: [], invoices: 0, downloads: 0, labels: 0, tasks: 0 } satisfies Partial<SaleLine>;
const mugs = { productId: 'mug', quantity: 2, ships: true };
const photographs = { productId: 'photographs', quantity: 1, ships: false };

/** A car, a basket and an order that were sold; a car and an order that were not. */
const right: Goods = {
  sales: [
    { ...nothing, id: 'pur_1', kind: 'vehicle', status: 'completed', amount: 900, payment: settled(900), owner: 'ada', bookingStatus: 'confirmed', invoices: 1, told: ['purchase_completed → customer'] },
    { ...nothing, id: 'pur_2', kind: 'basket', status: 'completed', amount: 310, payment: settled(310), items: [mugs, photographs], invoices: 1, downloads: 1, told: ['purchase_completed → customer', 'item_sold → seller', 'item_sold → seller'] },
    { ...nothing, id: 'ord_1', kind: 'order', status: 'completed', amount: 350, payment: settled(350), items: [mugs, photographs], invoices: 1, downloads: 1, labels: 1, tasks: 1, told: ['order_confirmed → customer'] },
    { ...nothing, id: 'pur_3', kind: 'vehicle', status: 'failed', amount: 900, payment: { status: 'failed', amount: 900, currency: 'EUR' }, bookingStatus: 'released', told: ['purchase_failed → customer', 'purchase_failed → administrators'] },
    { ...nothing, id: 'ord_2', kind: 'order', status: 'cancelled', amount: 350, payment: { status: 'refunded', amount: 350, currency: 'EUR' }, items: [mugs], told: ['order_confirmed → customer', 'order_cancelled → customer', 'order_cancelled → administrators'] },
  ],
  products: [{ id: 'mug', stockAtFirst: 10, stock: 6, sold: 4 }, { id: 'photographs', stockAtFirst: null, stock: null, sold: 2 }],
  invoiceNumbers: [2, 1, 3],
};

const sale = (index: number, change: Partial<SaleLine>): Partial<Goods> => ({ sales: right.sales.map((line, at) => (at === index ? { ...line, ...change } : line)) });
const [car, basket, order, failedCar, cancelledOrder] = [0, 1, 2, 3, 4];

describe('the oracle of sales', () => {
  test('finds nothing where all is right', () => {
    expect(problemsWith(right)).toEqual([]);
  });

  test.each<[string, Partial<Goods>, RegExp]>([
    ['a car that is still its seller’s', sale(car, { owner: null }), /pur_1 .*the vehicle is nobody’s/],
    ['a car whose booking was released', sale(car, { bookingStatus: 'released' }), /pur_1 .*its booking released/],
    ['a car that somebody owns who has not bought it', sale(failedCar, { owner: 'ada' }), /pur_3 .*the vehicle is ada’s/],
    ['what was sold for another amount', sale(basket, { payment: settled(309) }), /pur_2 .*"amount":309.* instead of 310 EUR/],
    ['what was sold and not paid', sale(basket, { payment: null }), /pur_2 .*paid with null/],
    ['what was not sold and is paid', sale(failedCar, { payment: settled(900) }), /pur_3 .*its payment is settled/],
    ['a second invoice', sale(basket, { invoices: 2 }), /pur_2 .*it has 2 invoices/],
    ['no invoice', sale(order, { invoices: 0 }), /ord_1 .*it has 0 invoices/],
    ['a download that nobody gets', sale(basket, { downloads: 0 }), /pur_2 .*0 downloads for 1/],
    ['a second label', sale(order, { labels: 2 }), /ord_1 .*2 labels/],
    ['goods that the warehouse never hears of', sale(order, { tasks: 0 }), /ord_1 .*0 tasks/],
    ['goods that the warehouse has although the order came to nothing', sale(cancelledOrder, { tasks: 1 }), /ord_2 .*it left 0 downloads, 0 labels, 1 tasks/],
    ['a sale between states', sale(cancelledOrder, { status: 'undoing' }), /ord_2 .*between states/],
    ['a customer who was told twice', sale(order, { told: ['order_confirmed → customer', 'order_confirmed → customer'] }), /ord_1 .*the customer was told \[order_confirmed → customer, order/],
    ['administrators who were not told', sale(failedCar, { told: ['purchase_failed → customer'] }), /pur_3 .*they were told/],
    ['a mug that is lost', { products: [{ id: 'mug', stockAtFirst: 10, stock: 5, sold: 4 }] }, /of 10 mug 4 were sold, and 5 are left/],
    ['a mug that was counted twice', { products: [{ id: 'mug', stockAtFirst: 10, stock: 6, sold: 5 }] }, /4 of mug were sold, counted were 5/],
    ['a gap in the numbers of invoices', { invoiceNumbers: [1, 2, 4] }, /gap/],
    ['a number of an invoice that is there twice', { invoiceNumbers: [1, 2, 2] }, /there twice/],
  ])('finds %s', (_what, tampered, problem) => {
    expect(problemsWith({ ...right, ...tampered })).toContainEqual(expect.stringMatching(problem));
  });
});
