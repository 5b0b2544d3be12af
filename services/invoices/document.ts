/** What an invoice says. Everything in it is final: rendering formats, it decides nothing. */

export interface InvoiceParty {
  readonly name: string;
  readonly addressLines: readonly string[];
  readonly taxId?: string;
}

export interface InvoiceSeller extends InvoiceParty {
  /** Company register and number. */
  readonly registration?: string;
  readonly email?: string;
}

/** Prices are gross (VAT is in them), as they were shown to the customer and charged; net amounts follow from them. */
export interface InvoiceLine {
  readonly description: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
  /** 2000 is 20%. */
  readonly vatRateBasisPoints: number;
  /** What the line adds to the total: unit price × quantity less any discount; negative for a credit. */
  readonly totalMinor: number;
}

export interface InvoiceDocument {
  readonly number: string;
  /** `YYYY-MM-DD`; also the PDF's creation date, so that rendering again gives the same bytes. */
  readonly issueDate: string;
  readonly supplyDate: string;
  readonly seller: InvoiceSeller;
  readonly buyer: InvoiceParty;
  /** ISO 4217, which also says how many decimals a minor unit is. */
  readonly currency: string;
  readonly lines: readonly InvoiceLine[];
  readonly paid?: { readonly method: string; readonly date: string };
  readonly paymentReference?: string;
  /** BCP 47: how dates and numbers are written. */
  readonly locale: string;
  /** PNG. Without one, or with one that cannot be read, the seller's initial is drawn. */
  readonly logo?: Uint8Array;
}
