/** Puts an invoice into words. Pure: what it is given is all that the invoice will ever say. */
import type { ShipTo } from '../../../contracts/orders/schemas.ts';
import type { GatewayName } from '../../../contracts/payments/flow.ts';
import type { InvoiceSnapshot } from '../schema/invoices.ts';
import type { KeptShop } from '../shop.ts';
import { day, type Goods } from './lines.ts';

export interface Facts {
  readonly label: string;
  readonly issuedAt: Date;
  readonly shop: KeptShop;
  readonly customer: { readonly id: string; readonly name: string | null; readonly locale: string | null };
  readonly payment: { readonly id: string; readonly gateway: GatewayName; readonly paidAt: Date; readonly currency: string };
  readonly goods: Goods;
}

const gatewayTitles: Record<GatewayName, string> = { stripe: 'Stripe', gopay: 'GoPay', paytm: 'Paytm' };

export function composeInvoice({ label, issuedAt, shop, customer, payment, goods }: Facts): InvoiceSnapshot {
  const locale = [customer.locale, shop.locale].find((tag) => tag !== null && isLocale(tag)) ?? 'en';
  return {
    number: label,
    issueDate: day(issuedAt),
    supplyDate: day(goods.suppliedAt ?? payment.paidAt),
    seller: {
      name: shop.legalName,
      addressLines: [...shop.address, ...(shop.country === undefined ? [] : [countryName(shop.country, locale)])],
      ...(shop.taxId !== undefined && { taxId: shop.taxId }),
      ...(shop.registration !== undefined && { registration: shop.registration }),
      ...(shop.email !== undefined && { email: shop.email }),
    },
    buyer: { name: customer.name ?? goods.shipTo?.name ?? customer.id, addressLines: goods.shipTo === undefined ? [] : postal(goods.shipTo, locale) },
    currency: payment.currency,
    lines: goods.lines,
    paid: { method: gatewayTitles[payment.gateway], date: day(payment.paidAt) },
    paymentReference: payment.id,
    locale,
    ...(shop.logoKey !== undefined && { logoKey: shop.logoKey }),
  };
}

/** `<prefix>-<year>-<six digits>`; the millionth of a year has seven. */
export const labelOf = (prefix: string, year: number, number: number): string => `${prefix}-${year}-${String(number).padStart(6, '0')}`;

/** The year of the issue date in UTC, wherever the shop is. */
export const yearOf = (issuedAt: Date): number => issuedAt.getUTCFullYear();

const postal = ({ line1, line2, postcode, city, country }: ShipTo, locale: string): string[] => [line1, ...(line2 === undefined ? [] : [line2]), `${postcode} ${city}`, countryName(country, locale)];

const countryName = (code: string, locale: string): string => new Intl.DisplayNames(locale, { type: 'region' }).of(code) ?? code;

/** What looks like a language tag may be none, and drawing would stumble over it for ever. */
function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
