/** An address as it is typed: its parts in one line, or `@file`, which keeps it out of the list of processes. */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { shipTo, type ShipTo } from '../contracts/orders/schemas.ts';
import { safe } from './text.ts';

const shape = 'write "name; street; [more;] city; postcode; country", e.g. "Ada Lovelace; 12 St James Square; London; SW1Y 4JH; GB"';

export function anAddress(typed: string): ShipTo {
  const parsed = shipTo.safeParse(typed.startsWith('@') ? fromFile(typed.slice(1)) : fromParts(typed));
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(safe(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')));
}

function fromParts(typed: string): unknown {
  const parts = typed.split(';').map((part) => part.trim());
  if (parts.length !== 5 && parts.length !== 6) throw new InvalidArgumentError(shape);
  const [name, line1] = parts;
  const [city, postcode, country] = parts.slice(-3);
  return { name, line1, ...(parts.length === 6 && { line2: parts[2] }), city, postcode, country };
}

function fromFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new InvalidArgumentError(safe(error instanceof SyntaxError ? `${file} is not JSON` : `${file} cannot be read`));
  }
}
