/** The shop itself, as its invoices show it. */
import { z } from 'zod';
import { countryCodes } from './orders/countries.ts';
import { text } from './values.ts';

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

export const putShopBody = z.strictObject({
  legalName: text(200).meta({ example: 'Seaview Hotels GmbH' }),
  address: z.array(text(100)).min(1).max(6).meta({ description: 'Street, postal code, city: one line each, without the country.', example: ['Hafenstraße 1', '20457 Hamburg'] }),
  country: z.enum(countryCodes).meta({ description: 'ISO 3166-1 alpha-2.', example: 'DE' }),
  taxId: text(50).optional().meta({ example: 'DE123456789' }),
  registration: text(100).optional().meta({ description: 'Company register and number.', example: 'Amtsgericht Hamburg, HRB 12345' }),
  email: z.email().max(254).optional().meta({ example: 'office@seaview.example' }),
  vatBasisPoints: z.int().min(0).max(10_000).default(0).meta({ description: 'The VAT that prices contain unless a product says otherwise, in hundredths of a per cent.', example: 1_900 }),
  invoicePrefix: z.string().regex(/^[A-Z0-9]([A-Z0-9-]{0,14}[A-Z0-9])?$/, 'must be 1 to 16 capitals, digits or inner hyphens').default('INV').meta({ description: 'What invoice numbers begin with. A new one counts on where the old one was.' }),
  locale: z.string().max(35).refine(isLocale, 'must be a BCP 47 tag').default('en').meta({ description: 'How dates and amounts are written for a customer of whom no locale is known.', example: 'de-DE' }),
});
export type PutShop = z.infer<typeof putShopBody>;

/** Of the picture at the top of invoices. */
export const maxLogoBytes = 2 * 1024 * 1024;
export const maxLogoSide = 2_000;

/** All of it but the VAT rate, which purchases and orders need, too. */
export type ShopProfile = Omit<PutShop, 'vatBasisPoints'>;

export const shopView = z.object({
  legalName: z.string().describe('The name of the tenant, until it is set.'),
  address: z.array(z.string()),
  country: z.string().optional(),
  taxId: z.string().optional(),
  registration: z.string().optional(),
  email: z.string().optional(),
  vatBasisPoints: z.int(),
  invoicePrefix: z.string(),
  locale: z.string(),
  logoUrl: z.string().optional().describe('Shows the logo without an API key, for some days. Absent while there is none.'),
});
export type ShopView = z.infer<typeof shopView>;
