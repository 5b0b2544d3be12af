/** A workbook as csv, as a stream. */
import { openArchive, type ArchiveFile } from './archive.ts';
import { noSharedStrings, readSharedStrings } from './shared-strings.ts';
import { sheetAsCsv } from './sheet.ts';
import { readStyles } from './styles.ts';
import { readWorkbook } from './workbook.ts';

/** @throws FileProblem if it is no workbook, damaged, or too large. */
export async function* workbookAsCsv(file: ArchiveFile): AsyncGenerator<Buffer> {
  const archive = await openArchive(file);
  try {
    const { sheet, sharedStrings, styles, from1904 } = await readWorkbook(archive);
    const context = {
      from1904,
      styles: styles === undefined ? [] : await readStyles(archive.read(styles)),
      sharedStrings: sharedStrings === undefined ? noSharedStrings : await readSharedStrings(archive.read(sharedStrings)),
    };
    yield* sheetAsCsv(archive.read(sheet), context);
  } finally {
    archive.close();
  }
}
