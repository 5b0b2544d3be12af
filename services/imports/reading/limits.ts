/** What the reading of a file allows. They keep memory flat whatever is sent. */
const mebibyte = 1024 * 1024;

/** Large enough that a transaction for each costs nothing, small enough that a few in flight stay small. */
export const defaultChunkBytes = 2 * mebibyte;
export const longestRecordBytes = mebibyte;
export const mostColumns = 500;
export const longestColumnName = 200;

/** Of a workbook: what its parts unpack to, the copy that is made of it, and how much more that is than what was sent. */
export const mostWorkbookBytes = 4 * 1024 * mebibyte;
export const mostUnpackedPerByte = 200;
/** A small workbook may unpack to so much whatever the ratio. */
export const unpackedAnyway = 64 * mebibyte;
export const mostArchiveParts = 2000;
/** The strings that its cells share are kept in memory. */
export const mostSharedBytes = 64 * mebibyte;
export const mostSharedStrings = 4_000_000;
/** As many columns as a sheet can have. */
export const lastSheetColumn = 16_384;
export const lastSheetRow = 1_048_576;
