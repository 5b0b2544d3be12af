/** Which part of a workbook is the sheet that is read, and what reading it needs: the first sheet that is not hidden. */
import { posix } from 'node:path';
import { FileProblem } from '../types.ts';
import type { Archive } from './archive.ts';
import { damaged, readXml } from './xml.ts';

export interface Workbook {
  readonly sheet: string;
  readonly sharedStrings?: string;
  readonly styles?: string;
  /** Days are counted from 1904, as on old Macs, not from 1900. */
  readonly from1904: boolean;
}

interface Relation {
  readonly kind: string;
  readonly part: string;
}

/** @throws FileProblem if the archive is no workbook, or one without a sheet. */
export async function readWorkbook(archive: Archive): Promise<Workbook> {
  if (!archive.has('_rels/.rels')) throw notAWorkbook(archive);
  const main = [...(await relationsOf(archive, '')).values()].find(({ kind }) => kind === 'officeDocument')?.part;
  if (main === undefined || !archive.has(main) || !main.endsWith('.xml')) throw notAWorkbook(archive);

  const sheetIds: string[] = [];
  let from1904 = false;
  let isWorkbook = false;
  await readXml(archive.read(main), {
    open(name, attributes) {
      if (name === 'workbook') isWorkbook = true;
      if (name === 'workbookPr') from1904 = ['1', 'true'].includes(attributes['date1904'] ?? '');
      if (name === 'sheet' && (attributes['state'] ?? 'visible') === 'visible') sheetIds.push(relationId(attributes) ?? '');
    },
  });
  if (!isWorkbook) throw notAWorkbook(archive);
  const relations = await relationsOf(archive, main);
  const sheet = sheetIds.map((id) => relations.get(id)).find((relation) => relation?.kind === 'worksheet')?.part;
  if (sheet === undefined) throw new FileProblem('file_unreadable', 'The workbook has no sheet that is shown.');
  const partOf = (kind: string): string | undefined => [...relations.values()].find((relation) => relation.kind === kind && archive.has(relation.part))?.part;
  const sharedStrings = partOf('sharedStrings');
  const styles = partOf('styles');
  return { sheet, from1904, ...(sharedStrings !== undefined && { sharedStrings }), ...(styles !== undefined && { styles }) };
}

/** @param part the empty string for the archive itself. */
async function relationsOf(archive: Archive, part: string): Promise<Map<string, Relation>> {
  const folder = posix.dirname(part);
  const relations = new Map<string, Relation>();
  await readXml(archive.read(posix.join(folder, '_rels', `${posix.basename(part)}.rels`)), {
    open(name, { Id: id, Type: type, Target: target }) {
      if (name !== 'Relationship' || id === undefined || type === undefined || target === undefined) return;
      if (relations.size === 10_000) throw damaged();
      relations.set(id, { kind: type.slice(type.lastIndexOf('/') + 1), part: posix.join('/', target.startsWith('/') ? '' : folder, target).slice(1) });
    },
  });
  return relations;
}

/** Its prefix is free; only the name `r:id` is common. */
function relationId(attributes: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(attributes).find(([name]) => name.endsWith(':id'))?.[1];
}

function notAWorkbook(archive: Archive): FileProblem {
  if (archive.has('xl/workbook.bin')) return new FileProblem('file_unreadable', 'This is a binary Excel workbook (.xlsb). Save it as .xlsx or csv.');
  if (archive.has('content.xml') && archive.has('mimetype')) return new FileProblem('file_unreadable', 'This is an OpenDocument file. Save it as .xlsx or csv.');
  return new FileProblem('file_unreadable', 'This is a zip archive, not a table. Unpack it and send what is in it.');
}
