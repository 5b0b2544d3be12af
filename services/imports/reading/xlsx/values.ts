/** The values of cells as text: numbers without the noise of binary fractions, dates as ISO 8601. */
import type { Shown } from './styles.ts';

const dayMs = 86_400_000;
/** 9999-12-31, the last day that a spreadsheet knows. */
const lastDay = 2_958_465;
const daysFrom1900To1904 = 1462;

/** As many digits as a spreadsheet keeps; those behind them come from writing a binary fraction out. */
const digits = 15;

/** @returns plain digits, never 1e21. Text that is no number stays as it is. */
export function numberText(written: string): string {
  const plain = /^-?\d+(?:\.\d+)?$/.test(written);
  if (plain && written.length <= digits) return written;
  const value = Number(written);
  if (written.trim() === '' || !Number.isFinite(value)) return written;
  const [mantissa = '', exponent = '0'] = value.toExponential(digits - 1).split('e');
  return withoutExponent(mantissa, Number(exponent));
}

function withoutExponent(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const figures = mantissa.replace(/[-.]/g, '').replace(/0+$/, '');
  if (figures === '') return '0';
  const point = exponent + 1;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${figures}`;
  if (figures.length <= point) return `${sign}${figures}${'0'.repeat(point - figures.length)}`;
  return `${sign}${figures.slice(0, point)}.${figures.slice(point)}`;
}

/**
 * @param written days since the end of 1899 (or since 1904), the time as a fraction.
 * A format without a time shows the day alone, as it does to the person who sees the sheet.
 */
export function dateText(written: string, shown: Exclude<Shown, 'number'>, from1904: boolean): string {
  const serial = Number(written) + (from1904 ? daysFrom1900To1904 : 0);
  if (written.trim() === '' || !(serial >= 0) || serial >= lastDay + 1) return numberText(written);
  if (shown === 'duration') return durationText(Number(written));
  const ms = Math.round(serial * dayMs);
  const day = Math.floor(ms / dayMs);
  const time = timeText(ms % dayMs);
  if (shown === 'time') return time;
  return shown === 'date' ? dayText(day, from1904) : `${dayText(day, from1904)}T${time}`;
}

/** 1900 is a leap year to spreadsheets, so day 60 is one that never was; before it they are one day behind. */
function dayText(day: number, from1904: boolean): string {
  if (!from1904 && day === 60) return '1900-02-29';
  const days = !from1904 && day < 60 ? day + 1 : day;
  return new Date(Date.UTC(1899, 11, 30) + days * dayMs).toISOString().slice(0, 10);
}

function timeText(ms: number): string {
  const text = new Date(ms).toISOString().slice(11, 23);
  return text.endsWith('.000') ? text.slice(0, 8) : text;
}

function durationText(days: number): string {
  const seconds = Math.round(days * 86_400);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Characters that XML cannot hold are written as `_x000D_` (ECMA-376 part 1, 22.4.2.4). */
export function unescapeText(text: string): string {
  return text.includes('_x') ? text.replace(/_x([0-9a-f]{4})_/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))) : text;
}
