/** The export flow: what can be exported, its states and the messages it takes. No schema library: workflows import this. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import { flowMessages } from '../flow-messages.ts';
import type { ExportState } from './schemas.ts';

export const exportDatasets = ['attendees', 'users', 'bookings', 'payments', 'orders'] as const;
export type ExportDataset = (typeof exportDatasets)[number];

export const exportFormats = ['csv', 'ndjson', 'xlsx', 'pdf'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const exportFileTypes: Readonly<Record<ExportFormat, { readonly ending: string; readonly contentType: string }>> = {
  csv: { ending: '.csv', contentType: 'text/csv; charset=utf-8' },
  ndjson: { ending: '.ndjson', contentType: 'application/x-ndjson' },
  xlsx: { ending: '.xlsx', contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' },
  pdf: { ending: '.pdf', contentType: 'application/pdf' },
};

/**
 * pending: waits for its turn. running: is being read and written. ready: can be downloaded. expired: could be, and its
 * file is removed.
 */
export const exportStatuses = ['pending', 'running', 'ready', 'failed', 'cancelled', 'expired'] as const;
export type ExportStatus = (typeof exportStatuses)[number];

/** It will not change any more by itself; a file that is ready only expires. */
export const hasEnded = ({ status }: { readonly status: ExportStatus }): boolean => status !== 'pending' && status !== 'running';

/** A PDF is for reading and printing; nobody reads more than some hundred pages. */
export const maxPdfRows = 20_000;

/** A link is good for a week unless a shorter time is asked for. */
export const maxExportSeconds = 7 * 24 * 60 * 60;

/** How long a caller is kept waiting until it is written down; usually some tens of milliseconds. */
export const exportPatienceMs = 15_000;

/** Ids, words and dates only: no filter takes a name or an address, which must not get into a history. */
export interface ExportRequest {
  readonly dataset: ExportDataset;
  readonly format: ExportFormat;
  readonly filters: Readonly<Record<string, string>>;
  /** Who is told when it is ready or has failed. */
  readonly requestedBy?: string;
  readonly fileName?: string;
  /** How long the file is kept and its link is good, from when it is ready. */
  readonly keepSeconds: number;
  /** Of a csv: a byte order mark at its beginning, by which Excel knows that it is UTF-8. */
  readonly bom: boolean;
}

export interface ExportRef {
  readonly tenantId: string;
  readonly exportId: string;
}

export interface ExportInput extends ExportRef {
  /** Absent in a run that picks up an export which is in the database already. */
  readonly request?: ExportRequest;
}

export interface OfTenant {
  readonly tenantId: string;
}

/** What an attempt tells with its heartbeats. */
export interface ExportProgress {
  readonly rows: number;
  /** Absent until they are counted. */
  readonly total?: number;
}

export const exportMessages = {
  /** Sent with the start: waits until the export is written down. */
  begin: defineUpdate<ExportState, [OfTenant]>('begin'),
  /** Stop: nothing of it is kept. */
  cancel: flowMessages.cancel,
  status: defineQuery<ExportState | undefined>('status'),
  progress: flowMessages.progress,
};
