/** Numbers and times as people read them. */

const numbers = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const moments = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const days = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' });
const momentsWithYear = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' });

/** @param {number} value */
export const count = (value) => numbers.format(value);

/**
 * @param {number} value
 * @param {string} one
 */
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** @param {number} value */
export function bytes(value) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let size = value;
  let at = 0;
  for (; size >= 1000 && at < units.length - 1; at += 1) size /= 1000;
  return `${short.format(size)} ${units[at] ?? ''}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 10) return `${short.format(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const hours = Math.floor(whole / 3_600);
  return hours < 48 ? `${hours} h ${Math.floor((whole % 3_600) / 60)} min` : `${Math.floor(hours / 24)} days`;
}

/** @param {string} iso */
export function moment(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return (Math.abs(Date.now() - date.getTime()) < 300 * 86_400_000 ? moments : momentsWithYear).format(date);
}

/** @param {string} iso */
export const day = (iso) => (Number.isNaN(Date.parse(iso)) ? iso : days.format(new Date(iso)));

/**
 * @param {string} from ISO 8601.
 * @param {string | undefined} to Now, if absent.
 */
export const between = (from, to) => duration(Math.max(((to === undefined ? Date.now() : Date.parse(to)) - Date.parse(from)) / 1000, 0));

/** @param {string} word `timed_out` */
export const words = (word) => word.replaceAll('_', ' ');
