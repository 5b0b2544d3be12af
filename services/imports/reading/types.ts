/** What the reading of files takes and gives. */
import type { Storage } from '../../storage/storage.ts';
import type { FailureCode } from '../../../contracts/failures.ts';

/** `iso-8859-1` is read as `windows-1252`, as every browser does: files that say the one are the other. */
export const encodings = [
  'utf-8', 'utf-16le', 'utf-16be',
  'windows-1250', 'windows-1251', 'windows-1252', 'windows-1253', 'windows-1254', 'windows-1255', 'windows-1256', 'windows-1257', 'windows-1258', 'windows-874',
  'iso-8859-1', 'iso-8859-2', 'iso-8859-3', 'iso-8859-4', 'iso-8859-5', 'iso-8859-6', 'iso-8859-7', 'iso-8859-8', 'iso-8859-10', 'iso-8859-13', 'iso-8859-14', 'iso-8859-15', 'iso-8859-16',
  'koi8-r', 'koi8-u', 'macintosh', 'shift_jis', 'euc-jp', 'euc-kr', 'gbk', 'gb18030', 'big5',
] as const;
export type Encoding = (typeof encodings)[number];

/** What a person may declare. The copy of a workbook has one of its own. */
export const delimiters = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof delimiters)[number];

/** How the records are written in the file that chunks are read from. */
export type RecordFormat = 'csv' | 'ndjson';

/** How the file was written that was sent. */
export type SourceFormat = 'csv' | 'xlsx' | 'ndjson';

/** Whole records: the bytes from `from` up to, not including, `to`. The header is in no chunk. */
export interface Chunk {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** The line at `from`, from 1. */
  readonly firstLine: number;
}

export interface Inspection {
  /** What chunks are read from: the file itself, or the UTF-8 copy of it. */
  readonly key: string;
  readonly format: RecordFormat;
  readonly sourceFormat: SourceFormat;
  /** Of the file that was sent. */
  readonly encoding: Encoding;
  /** For csv. To be handed on to `readRecords` as it is; that of a workbook's copy means nothing to a person. */
  readonly delimiter?: string;
  readonly header: readonly string[];
  readonly rows: number;
  /** Of the file that was sent. */
  readonly bytes: number;
  readonly chunks: readonly Chunk[];
}

export interface InspectFile {
  readonly storage: Storage;
  readonly key: string;
  /** Where a copy goes if one is needed. Nothing is left there if the file turns out to be unreadable. */
  readonly copyKey: string;
  /** Without it: a byte order mark, the pattern of UTF-16, else UTF-8. A byte order mark is stronger than what is declared. */
  readonly encoding?: string | undefined;
  /** Without it, found by looking at the first records. */
  readonly delimiter?: string | undefined;
  /** A chunk ends with the first record that ends at or after so many bytes. */
  readonly chunkBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how many bytes of the sent file have been read. */
  readonly onProgress?: ((bytesRead: number) => void) | undefined;
}

export interface ReadRecords {
  readonly format: RecordFormat;
  readonly delimiter?: string | undefined;
  readonly header: readonly string[];
  readonly firstLine: number;
}

/** @param fields one for each column of the header; a fresh array each time. @param line where the record begins. */
export type OnRecord = (line: number, fields: string[]) => void;

/**
 * A record that is no good. `raw` is its text as it stands in the file, `fields` what could be made of it: more or fewer
 * than the header has, empty if nothing.
 */
export type OnBadRecord = (line: number, raw: string, reason: string, fields: string[]) => void;

/** Something is wrong with the file as a whole. The message is for the person who sent it. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
  readonly code: FileProblemCode;
  readonly line: number | undefined;

  constructor(code: FileProblemCode, detail: string, line?: number) {
    super(detail);
    this.code = code;
    this.line = line;
  }
}

export type FileProblemCode = Extract<FailureCode, 'file_unreadable' | 'file_empty' | 'header_invalid' | 'file_too_large'>;
