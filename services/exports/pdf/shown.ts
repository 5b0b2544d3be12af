/** How a value looks to somebody who reads it on paper. */
import type { Column } from '../datasets/dataset.ts';

const thousands = /\B(?=(\d{3})+(?!\d))/g;

export function shown({ type }: Column, value: string): string {
  switch (type) {
    case 'integer':
    case 'money': {
      const [whole = '', decimals] = value.split('.', 2);
      return `${whole.replaceAll(thousands, ',')}${decimals === undefined ? '' : `.${decimals}`}`;
    }
    case 'moment':
      return value.slice(0, 'YYYY-MM-DD hh:mm:ss'.length);
    case 'boolean':
      return value === 'true' ? 'yes' : 'no';
    case 'text':
    case 'word':
    case 'date':
      return value;
  }
}

export const isFigure = ({ type }: Column): boolean => type === 'integer' || type === 'money';
