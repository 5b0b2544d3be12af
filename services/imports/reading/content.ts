/** What a file is, by its content. Its name is nothing to go by: it is whatever the sender calls it. */
import { fileTypeFromBuffer } from 'file-type';
import { FileProblem } from './types.ts';

const zip = Buffer.from('PK\u0003\u0004', 'latin1');
const emptyZip = Buffer.from('PK\u0005\u0006', 'latin1');
/** Of the file format in which old Excel workbooks are kept, and new ones that have a password. */
const oldOffice = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const utf32 = [Buffer.from([0xff, 0xfe, 0, 0]), Buffer.from([0, 0, 0xfe, 0xff])];
const looksAtBytes = 4096;
/** Tab to carriage return, the end mark of DOS, escape. */
const textControls = new Set([9, 10, 11, 12, 13, 26, 27]);
const markup = /^(?:\u00ef\u00bb\u00bf)?\s*<(?:\?xml|!doctype|html|head|body|table)\b/i;

const archives = new Set(['gz', 'bz2', 'xz', 'zst', '7z', 'rar', 'tar', 'lz', 'Z']);

/** @throws FileProblem for what can be recognised and is not read here. */
export async function lookAtContent(sample: Buffer): Promise<'zip' | 'text'> {
  if (startsWith(sample, zip) || startsWith(sample, emptyZip)) return 'zip';
  if (startsWith(sample, oldOffice)) {
    throw new FileProblem('file_unreadable', 'This is an old Excel workbook (.xls), or one with a password. Save it as .xlsx without a password, or as csv.');
  }
  if (utf32.some((mark) => startsWith(sample, mark))) throw new FileProblem('file_unreadable', 'This text is UTF-32. Save it as UTF-8.');
  if (startsWith(sample, Buffer.from('%PDF-'))) throw unreadable('pdf');
  if (markup.test(sample.toString('latin1', 0, 1024))) throw new FileProblem('file_unreadable', 'This is HTML or XML, not a table. Save it as csv or .xlsx.');
  // A text may begin like some binary format (a header "BM,…" like a bitmap), so text is not looked up.
  if (looksBinary(sample)) {
    const type = await fileTypeFromBuffer(sample);
    if (type !== undefined) throw unreadable(type.ext);
  }
  return 'text';
}

function unreadable(extension: string): FileProblem {
  return new FileProblem('file_unreadable', `This is a file of type .${extension}, not a table. ${archives.has(extension) ? 'Unpack it and send what is in it.' : 'Send csv, .xlsx or ndjson.'}`);
}

function startsWith(sample: Buffer, mark: Buffer): boolean {
  return sample.subarray(0, mark.length).equals(mark);
}

/** Text has none of the other control characters. UTF-16 has zero bytes, but is no format that is looked up. */
function looksBinary(sample: Buffer): boolean {
  return sample.subarray(0, looksAtBytes).some((byte) => byte < 32 && !textControls.has(byte));
}
