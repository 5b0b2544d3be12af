/** What whoever asked for an export is told. */
import type { Notice } from '../notices.ts';
import type { ExportRow } from './rows.ts';

/** Where nobody is named, the people who run the shop are told. */
export function noticeOf({ id, dataset, format, file_name, requested_by }: ExportRow, template: string, data: Notice['data']): Notice {
  return { audience: requested_by === null ? 'administrators' : 'customer', recipientId: requested_by ?? id, template, subjectId: id, data: { dataset, format, fileName: file_name, ...data } };
}
