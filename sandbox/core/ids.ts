import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Like a party's own: a prefix and 24 letters and digits, unlike any made by another run. */
export const newId = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`;

/** Hashed first, so that neither text nor length can be measured. */
export const sameSecret = (given: string, expected: string): boolean => timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
